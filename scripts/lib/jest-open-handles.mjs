// A jest reporter that names what keeps jest from ending after its last test, with where it leads: sockets, processes,
// timers. Node's own diagnostic report knows them, however a test made them.
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers';

/** Closing what the suites share takes jest less. */
const graceMs = 8_000;

function commandOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return 'ended';
  }
}

/** A socket's end as the report gives it: a path, or a host and a port. */
const endOf = (end) => (typeof end === 'object' && end !== null ? `${end.ip4 ?? end.ip6}:${end.port}` : end);

function described({ type, fd, pid, localEndpoint, remoteEndpoint }) {
  const runs = pid && `${commandOf(pid)} (${pid})`;
  const facts = { fd, runs, from: endOf(localEndpoint), to: endOf(remoteEndpoint) };
  const known = Object.entries(facts).filter(([, value]) => value !== undefined && value !== null);
  return [type, ...known.map(([name, value]) => `${name} ${value}`)].join(' ');
}

function report() {
  const held = process.report.getReport().libuv.filter((handle) => handle.is_active && handle.is_referenced);
  // The report has one handle for all timers, and none while one of them runs.
  const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  console.error(['jest is held open by:', ...held.map(described), `${timers} timers`].join('\n  '));
}

export default class JestOpenHandles {
  onRunComplete() {
    setTimeout(report, graceMs).unref();
  }
}
