/** What `npm run doctor` makes of a host; the looking itself is tried in test/integration/doctor.test.ts. */
import { describe, expect, it } from '@jest/globals';
import { diagnosisOf } from '../../../scripts/doctor/diagnosis.mjs';
import { reportOf } from '../../../scripts/doctor/report.mjs';

const gib = 1024 ** 3;
const install = { docker: 'apt docker.io', bubblewrap: 'apt bubblewrap', tests: 'apt nginx' };
const socket = 'unix:///var/run/docker.sock';
const noDaemon = { address: socket, elsewhere: null, installed: true, failure: 'ENOENT' };
const daemon = {
  ...{ address: socket, elsewhere: null, installed: true, failure: null },
  version: { Version: '24.0.9', ApiVersion: '1.43' },
  info: {
    ...{ MemoryLimit: true, CpuCfsQuota: true, PidsLimit: true, CgroupVersion: '2', CgroupDriver: 'systemd' },
    ...{ Runtimes: { runc: {}, runsc: {} }, DefaultRuntime: 'runc', LiveRestoreEnabled: true },
  },
};
const settings = { problem: null, sandbox: 'auto', dockerRuntime: null };
const worksOnBubblewrap = { missing: [], obstacles: [], trial: { failure: null, weaknesses: [] } };
const noBubblewrap = { missing: ['bubblewrap'], obstacles: [], trial: null };
const free = (port: number) => ({ host: '127.0.0.1', port, use: 'free', free: null });

/** A host on which everything works. */
const host = {
  ...{ node: '20.19.0', built: true, settings, isRoot: false, hasSystemd: true, hasCgroup2: true, install },
  ...{ docker: daemon, images: [{ name: 'python', state: 'current' }], bubblewrap: worksOnBubblewrap },
  ...{ runnerPort: free(4657), appPort: free(4658), nginxPort: free(8080) },
  ...{ disk: [{ folder: '/', freeBytes: 50 * gib }], forTests: [] },
};

function findings(facts: object, area: keyof ReturnType<typeof diagnosisOf>['areas']) {
  return diagnosisOf({ ...host, ...facts }).areas[area];
}

describe('npm run doctor', () => {
  it('finds nothing to do on a host that has everything', () => {
    const { ok, driver, areas } = diagnosisOf(host);
    expect([ok, driver]).toEqual([true, 'docker']);
    expect(new Set(Object.values(areas).flatMap((found) => found.map(({ state, fix }) => `${state} ${fix}`)))).toEqual(
      new Set(['ok null']),
    );
  });

  it.each([
    ['Docker alone', { bubblewrap: noBubblewrap }, 'docker'],
    ['bubblewrap alone', { docker: noDaemon }, 'bubblewrap'],
    ['neither', { docker: noDaemon, bubblewrap: noBubblewrap }, null],
    ['the one that is not wanted', { docker: noDaemon, settings: { ...settings, sandbox: 'docker' } }, null],
    ['both, but not the port', { runnerPort: { ...free(4657), use: 'taken', free: 4659 } }, null],
    ['both, but an old Node', { node: '18.20.4' }, null],
    ['both, but no build', { built: false, settings: null }, null],
    ['both, but bad settings', { settings: { problem: 'The settings cannot be used:' } }, null],
    ['both, beside a runner', { runnerPort: { ...free(4657), use: 'runner', free: 4659 } }, 'docker'],
  ])('tells what a runner would take where there is %s', (_what, facts, driver) => {
    const diagnosis = diagnosisOf({ ...host, ...facts });
    expect([diagnosis.ok, diagnosis.driver]).toEqual([driver !== null, driver]);
  });

  it.each([
    ['a daemon that was not started', noDaemon, 'sudo systemctl start docker'],
    ['no Docker', { ...noDaemon, installed: false }, 'apt docker.io'],
    ['a closed socket', { ...noDaemon, failure: 'EACCES' }, 'sudo usermod -aG docker "$USER" && newgrp docker'],
    ['a dead DOCKER_HOST', { ...noDaemon, address: 'tcp://127.0.0.1:1', failure: 'ECONNREFUSED' }, 'unset DOCKER_HOST'],
    ["a user's own daemon", { ...noDaemon, elsewhere: 'unix:///run/d.sock' }, 'export DOCKER_HOST=unix:///run/d.sock'],
  ])('names the command for %s', (_what, docker, fix) => {
    expect(findings({ docker }, 'docker')).toEqual([
      expect.objectContaining({ what: 'daemon', state: 'missing', fix }),
    ]);
  });

  it('refuses a daemon that is too old, limits nothing, or lacks the runtime that is wanted', () => {
    const docker = {
      ...daemon,
      version: { Version: '19.03.15', ApiVersion: '1.40' },
      info: { ...daemon.info, MemoryLimit: false, PidsLimit: false },
    };
    const missing = findings({ docker, settings: { ...settings, dockerRuntime: 'kata' } }, 'docker')
      .filter(({ state }) => state === 'missing')
      .map(({ says }) => says);
    expect(missing).toEqual([
      expect.stringContaining('too old'),
      expect.stringContaining('cannot limit memory, processes'),
      expect.stringContaining('it knows runc, runsc'),
    ]);
  });

  it('notes what works with less: no live-restore, images that are not built, little space, taken ports, no test programs', () => {
    const facts = {
      docker: { ...daemon, info: { ...daemon.info, LiveRestoreEnabled: false } },
      images: [
        { name: 'node', state: 'outdated' },
        { name: 'ruby', state: 'missing' },
      ],
      disk: [{ folder: '/', freeBytes: 2 * gib }],
      appPort: { ...free(4658), use: 'taken', free: 4660 },
      forTests: ['nginx'],
    };
    const { ok, areas } = diagnosisOf({ ...host, ...facts });
    const notes = Object.values(areas).flatMap((found) => found.filter(({ state }) => state === 'note'));
    expect(ok).toBe(true);
    expect(notes.map(({ what, fix }) => [what, fix])).toEqual([
      ['disk', 'docker image prune'],
      ['live_restore', expect.stringContaining('sudo systemctl reload docker')],
      ['image', 'npm run images node'],
      ['image', 'npm run images ruby'],
      ['app_port', 'REPL_PROXY_PORT=4660 node dist/examples/web/server.js'],
      ['programs', 'apt nginx'],
    ]);
  });

  it('asks no swarm for live-restore, which it cannot have', () => {
    const docker = {
      ...daemon,
      info: { ...daemon.info, LiveRestoreEnabled: false, Swarm: { LocalNodeState: 'active' } },
    };
    expect(findings({ docker }, 'docker').map(({ what }) => what)).not.toContain('live_restore');
  });

  it('says which kernel setting keeps bubblewrap from working', () => {
    const trial = { failure: 'bubblewrap does not work on this host.', weaknesses: [] };
    const bubblewrap = { missing: [], obstacles: ['kernel.unprivileged_userns_clone'], trial };
    const fix = 'sudo sysctl -w kernel.unprivileged_userns_clone=1';
    expect(findings({ bubblewrap }, 'bubblewrap')).toContainEqual(expect.objectContaining({ state: 'missing', fix }));
  });

  it('tells weaknesses that npm start accepts from those that it refuses', () => {
    const weaknesses = ['inodes', 'total-memory', 'processes'].map((name) => ({ name, why: 'so it is' }));
    const found = findings(
      { bubblewrap: { missing: [], obstacles: [], trial: { failure: null, weaknesses } } },
      'bubblewrap',
    );
    expect(found.filter(({ what }) => what === 'weakness').map(({ state }) => state)).toEqual([
      'note',
      'note',
      'missing',
    ]);
  });

  it('prints each finding under its area, with the fix below it and the verdict at the end', () => {
    const report = reportOf(diagnosisOf({ ...host, docker: noDaemon, bubblewrap: noBubblewrap }));
    expect(report).toContain('Sandboxes by bubblewrap\n  ✗ not installed: bubblewrap\n      → apt bubblewrap\n');
    expect(report).toMatch(/\n\nnpm start does not work here yet: [^\n]+$/);
  });
});
