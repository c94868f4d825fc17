/**
 * Where this process may make cgroups, read from /proc/self/cgroup and /proc/self/mountinfo. Pure: text in, paths out.
 * Sandboxes go beneath the runner's own cgroup, so that limits put on the runner's service hold for them as well.
 */
import { join, relative } from 'node:path';

export interface CgroupMount {
  readonly version: 1 | 2;
  /** Controllers of a version 1 mount. */
  readonly controllers: readonly string[];
  readonly mountPoint: string;
  /** The folder of the runner's own cgroup. */
  readonly own: string;
}

interface Membership {
  readonly controllers: readonly string[];
  readonly path: string;
}

function memberships(procSelfCgroup: string): Membership[] {
  return procSelfCgroup
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, controllers = '', ...path] = line.split(':');
      return { controllers: controllers.split(',').filter((name) => name !== ''), path: path.join(':') };
    });
}

/** A path outside of what is mounted (a container that sees the host's path) means the mount's own top. */
function ownFolder(mountPoint: string, root: string, path: string): string {
  const inside = relative(root, path);
  return inside.startsWith('..') ? mountPoint : join(mountPoint, inside);
}

/** Every cgroup mount that this process belongs to. */
export function cgroupMounts(procSelfCgroup: string, mountInfo: string): CgroupMount[] {
  const mine = memberships(procSelfCgroup);
  return mountInfo.split('\n').flatMap((line): CgroupMount[] => {
    const [left = '', right = ''] = line.split(' - ');
    const [, , , root = '', mountPoint = ''] = left.split(' ');
    const [type = '', , options = ''] = right.split(' ');
    if (type !== 'cgroup' && type !== 'cgroup2') return [];
    const names = options.split(',');
    const membership = mine.find(({ controllers }) =>
      type === 'cgroup2' ? controllers.length === 0 : controllers.some((name) => names.includes(name)),
    );
    if (membership === undefined) return [];
    const own = ownFolder(mountPoint, root, membership.path);
    return [{ version: type === 'cgroup2' ? 2 : 1, controllers: membership.controllers, mountPoint, own }];
  });
}
