import { describe, expect, it } from '@jest/globals';
import { type BwrapPlan, bwrapArguments } from '../../../../src/sandbox/bubblewrap/bwrap-arguments.js';
import { defaultLimits } from '../../../../src/sandbox/limits.js';

const plan: BwrapPlan = {
  root: { folders: [{ source: '/rootfs/usr', path: '/usr' }], links: [{ target: 'usr/bin', path: '/bin' }] },
  etcFolder: '/stage/etc',
  agentFolder: '/stage/agent',
  limits: { ...defaultLimits, diskBytes: 4096 },
  cgroupBinds: [{ source: '/sys/fs/cgroup/pids/x', path: '/sys/fs/cgroup/pids' }],
  disableUserns: true,
  seccompFd: 3,
  infoFd: 4,
  command: ['python3', '--', '--bind', '/', '/'],
};

/** Where a run of arguments stands in argv, or -1. */
function position(argv: readonly string[], ...run: string[]): number {
  return argv.findIndex((_, index) => run.every((word, offset) => argv[index + offset] === word));
}

describe('bwrapArguments', () => {
  const argv = bwrapArguments(plan);

  it.each(['user', 'pid', 'ipc', 'uts', 'net', 'cgroup-try'])('unshares %s', (namespace) => {
    expect(argv).toContain(`--unshare-${namespace}`);
  });

  it('binds nothing of the host but read-only', () => {
    const options = argv.slice(0, argv.indexOf('--'));
    expect(options.filter((word) => word.includes('bind') && word !== '--ro-bind')).toEqual([]);
    expect(position(argv, '--ro-bind', '/rootfs/usr', '/usr')).toBeGreaterThan(0);
    expect(position(argv, '--ro-bind', '/sys/fs/cgroup/pids/x', '/sys/fs/cgroup/pids')).toBeGreaterThan(0);
  });

  it('closes the root and /dev after everything was laid out, and before the command', () => {
    const closed = position(argv, '--remount-ro', '/');
    expect(closed).toBeGreaterThan(argv.lastIndexOf('--tmpfs'));
    expect(closed).toBeGreaterThan(argv.lastIndexOf('--dir'));
    expect(closed).toBeLessThan(argv.indexOf('--'));
    expect(position(argv, '--remount-ro', '/dev')).toBeGreaterThan(position(argv, '--tmpfs', '/dev/shm'));
  });

  it('gives every tmpfs a size', () => {
    for (const path of ['/sandbox', '/tmp', '/dev/shm']) {
      expect(position(argv, '--size', '4096', '--tmpfs', path)).toBeGreaterThan(0);
    }
    expect(argv.filter((word) => word === '--tmpfs')).toHaveLength(3);
  });

  it('clears the environment before it sets the allow-list', () => {
    expect(argv.indexOf('--clearenv')).toBeLessThan(argv.indexOf('--setenv'));
    const names = argv.filter((_, index) => argv[index - 1] === '--setenv');
    expect(names).toEqual(['PATH', 'HOME', 'LANG', 'USER', 'LOGNAME']);
  });

  it('ends with the command, which cannot be taken for options', () => {
    expect(argv.slice(argv.indexOf('--'))).toEqual(['--', ...plan.command]);
  });

  it('asks for --disable-userns only where bwrap knows it', () => {
    expect(argv).toContain('--disable-userns');
    expect(bwrapArguments({ ...plan, disableUserns: false })).not.toContain('--disable-userns');
  });
});
