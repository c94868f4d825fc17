/** Where a request to the proxy wants to go, read strictly, and whether the session may. Pure. */
import { hostName, shownEntry, type EgressEntry, type EgressKind } from './allow-list.js';
import { EgressRefusal } from './egress-refusal.js';

export interface Target {
  readonly name: string;
  readonly port: number;
  readonly kind: EgressKind;
}

const maxShown = 100;
const httpPort = 80;

/** Of `CONNECT name:port`. Throws EgressRefusal. */
export function tunnelTarget(authority: string): Target {
  const [, host = '', digits = ''] = /^([^:/@]+|\[[^\]]*\]):(\d{1,5})$/.exec(authority) ?? [];
  return target(host, digits, 'tls', authority);
}

/** Of `GET http://name[:port]/path`. Throws EgressRefusal. */
export function plainTarget(url: string): Target & { readonly path: string } {
  const [, host = '', digits = String(httpPort), path = ''] =
    /^http:\/\/([^:/?#@]+|\[[^\]]*\])(?::(\d{1,5}))?((?:[/?][^#]*)?)$/i.exec(url) ?? [];
  const shown = url.split(/[?#]/, 1)[0] ?? '';
  return { ...target(host, digits, 'http', shown), path: path.startsWith('/') ? path : `/${path}` };
}

/** The entry that allows it. Throws EgressRefusal `not_allowed`. */
export function allowedEntry(entries: readonly EgressEntry[], asked: Target): EgressEntry {
  const found = entries.find(({ name, port }) => name === asked.name && port === asked.port);
  if (found === undefined) {
    const allowed = entries.map(shownEntry).join(', ') || 'nothing';
    throw new EgressRefusal('not_allowed', `${shownEntry(asked)}; allowed: ${allowed}`);
  }
  if (found.kind === asked.kind) return found;
  const remedy = found.kind === 'tls' ? 'use https there' : 'use http there';
  throw new EgressRefusal('not_allowed', `${shownEntry(asked)}; ${remedy}`);
}

/** Whether a Host header names the very target. */
export function isHostOf(header: string, { name, port }: Target): boolean {
  const [, host = '', digits = String(httpPort)] = /^([^:@/]+)(?::(\d{1,5}))?$/.exec(header.trim()) ?? [];
  return hostName(host) === name && Number(digits) === port;
}

function target(host: string, digits: string, kind: EgressKind, asked: string): Target {
  const shown = asked.slice(0, maxShown);
  if (host === '' || digits === '') throw new EgressRefusal('malformed', shown);
  const name = hostName(host);
  if (name === null) throw new EgressRefusal('not_allowed', `${shown} is no name; addresses are never allowed`);
  return { name, port: Number(digits), kind };
}
