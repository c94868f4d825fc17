/** The cgroup logic on a folder of ordinary files, which stands for a hierarchy. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Cgroup } from '../../../../src/sandbox/bubblewrap/cgroup.js';
import { CgroupHierarchy } from '../../../../src/sandbox/bubblewrap/cgroup-hierarchy.js';
import { cgroupMounts } from '../../../../src/sandbox/bubblewrap/cgroup-places.js';
import { cgroupSettings } from '../../../../src/sandbox/bubblewrap/cgroup-settings.js';
import { defaultLimits } from '../../../../src/sandbox/limits.js';

describe('cgroupSettings', () => {
  const limits = { ...defaultLimits, cpus: 0.5, memoryBytes: 1000, processes: 10 };

  it('puts the same walls up in both versions, and counts bwrap itself', () => {
    const written = (version: 1 | 2) => cgroupSettings(version, limits).map(({ file, value }) => `${file} ${value}`);
    expect(written(1)).toEqual([
      ...['memory.limit_in_bytes 1000', 'memory.memsw.limit_in_bytes 1000', 'memory.swappiness 0', 'pids.max 11'],
      ...['cpu.cfs_period_us 100000', 'cpu.cfs_quota_us 50000'],
    ]);
    expect(written(2)).toEqual(['memory.max 1000', 'memory.swap.max 0', 'pids.max 11', 'cpu.max 50000 100000']);
  });

  it('may do without swap accounting but without no limit', () => {
    const optional = [...cgroupSettings(1, limits), ...cgroupSettings(2, limits)].filter((one) => one.optional);
    expect(optional.map(({ file }) => file)).toEqual([
      'memory.memsw.limit_in_bytes',
      'memory.swappiness',
      'memory.swap.max',
    ]);
  });
});

describe('cgroupMounts', () => {
  const mount = (root: string, point: string, type: string, options: string) =>
    `30 25 0:26 ${root} ${point} rw,nosuid - ${type} ${type} ${options}`;

  it('finds the own folder in version 1 hierarchies, mounted together or not', () => {
    const found = cgroupMounts(
      '4:memory:/a:b/c\n2:cpu,cpuacct:/\n0::/\n',
      [mount('/', '/cg/memory', 'cgroup', 'rw,memory'), mount('/', '/cg/cpu', 'cgroup', 'rw,cpu,cpuacct')].join('\n'),
    );
    expect(found.map(({ own, controllers }) => [own, controllers])).toEqual([
      ['/cg/memory/a:b/c', ['memory']],
      ['/cg/cpu', ['cpu', 'cpuacct']],
    ]);
  });

  it('reads version 2, also where a container sees only its own part', () => {
    const own = (path: string, root: string) =>
      cgroupMounts(`0::${path}\n`, mount(root, '/cg', 'cgroup2', 'rw'))[0]?.own;
    expect(own('/user.slice/me', '/')).toBe('/cg/user.slice/me');
    expect(own('/docker/x/run', '/docker/x')).toBe('/cg/run');
    expect(own('/elsewhere', '/docker/x')).toBe('/cg');
  });
});

describe('Cgroup', () => {
  let base = '';
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'cgroup-'));
  });
  afterEach(() => {
    rmSync(base, { recursive: true, force: true });
  });
  const folder = (name: string) => ({ path: join(base, name), controllers: ['memory'], bindPaths: ['/sys/fs/cgroup'] });

  it('leaves nothing behind when a limit cannot be set', async () => {
    const needed = { controller: 'memory', file: 'memory.max', value: '1', optional: false } as const;
    await expect(new Cgroup([folder('one')]).make([needed])).rejects.toThrow('could not be made');
    expect(existsSync(join(base, 'one'))).toBe(false);
  });

  it.each(['memory.events', 'memory.oom_control'])('reads how often memory ran out from %s', async (file) => {
    mkdirSync(join(base, 'one'));
    writeFileSync(join(base, 'one', file), 'under_oom 0\noom_kill 3\noom_kill_disable 7\n');
    expect(await new Cgroup([folder('one')]).oomKills()).toBe(3);
  });

  it('is removed once, and again without complaint', async () => {
    const cgroup = new Cgroup([folder('one'), folder('two')]);
    await cgroup.make([]);
    expect(cgroup.procsFiles.map((file) => existsSync(join(file, '..')))).toEqual([true, true]);
    await cgroup.remove();
    await cgroup.remove();
    expect(existsSync(join(base, 'one'))).toBe(false);
  });

  it('sweeps what a runner that is gone left, and nothing of a living one or of another PID namespace', async () => {
    const bases = [{ path: base, controllers: ['memory'], bindPaths: [] }];
    const hierarchy = new CgroupHierarchy(1, bases);
    const mine = process.pid;
    const stat = readFileSync(`/proc/${mine}/stat`, 'utf8');
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    const namespace = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '';
    const names = {
      dead: `repl_runner-${namespace}-${mine}-1-1`,
      living: `repl_runner-${namespace}-${mine}-${started}-1`,
      foreign: `repl_runner-1-${mine}-1-1`,
    };
    for (const name of Object.values(names)) mkdirSync(join(base, name));
    await hierarchy.sweep();
    expect(Object.values(names).map((name) => existsSync(join(base, name)))).toEqual([false, true, true]);
  });
});
