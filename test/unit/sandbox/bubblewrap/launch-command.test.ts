import { describe, expect, it } from '@jest/globals';
import { launchCommand, type LaunchPlan, withProcessLimit } from '../../../../src/sandbox/bubblewrap/launch-command.js';
import { defaultLimits } from '../../../../src/sandbox/limits.js';

const plan: LaunchPlan = {
  limits: defaultLimits,
  runnerIsRoot: true,
  cgroupProcs: ['/cg/memory/cgroup.procs', '/cg/pids/cgroup.procs'],
  closeFds: [251],
  memoryByCgroup: true,
  bwrap: ['--help'],
};

describe('launchCommand', () => {
  it('closes descriptors, joins the cgroups, leaves root, limits and then runs bwrap, in this order', () => {
    const argv = launchCommand(plan);
    const programs = argv.filter((word) => ['bash', 'sh', 'setpriv', 'prlimit', 'bwrap'].includes(word));
    expect(programs).toEqual(['bash', 'sh', 'setpriv', 'prlimit', 'bwrap']);
    expect(argv.slice(-2)).toEqual(['bwrap', '--help']);
  });

  it('steps down to the sandbox user with no supplementary group', () => {
    expect(launchCommand(plan).join(' ')).toContain('setpriv --reuid 41966 --regid 51966 --clear-groups -- ');
  });

  it('starts no shell and no setpriv where there is nothing for them to do', () => {
    const argv = launchCommand({ ...plan, runnerIsRoot: false, cgroupProcs: [], closeFds: [] });
    expect(argv[0]).toBe('prlimit');
    expect(argv).not.toContain('setpriv');
  });

  it('limits memory by process only without a cgroup, and never processes from outside', () => {
    const data = `--data=${defaultLimits.memoryBytes}`;
    expect(launchCommand(plan)).not.toContain(data);
    const argv = launchCommand({ ...plan, memoryByCgroup: false });
    expect(argv).toContain(data);
    expect(argv.some((word) => word.startsWith('--nproc'))).toBe(false);
    expect(withProcessLimit(['agent'], 7)).toEqual(['prlimit', '--nproc=7', '--', 'agent']);
  });
});
