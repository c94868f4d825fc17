/**
 * The place on this host where sandboxes get their cgroups: found once, swept of what earlier runners left, then asked
 * for one cgroup a sandbox. It refuses no host: where nothing is writable it has no controllers, and the driver says so.
 */
import { readFileSync } from 'node:fs';
import { access, constants, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Limits } from '../limits.js';
import { Cgroup, type CgroupFolder } from './cgroup.js';
import { type CgroupMount, cgroupMounts } from './cgroup-places.js';
import { type Controller, cgroupSettings } from './cgroup-settings.js';
import { isLeftBehind, runnerMark } from './runner-mark.js';

/** A folder in which sandboxes' cgroups are made. */
interface Base {
  readonly path: string;
  readonly controllers: readonly string[];
  readonly bindPaths: readonly string[];
}

const wanted: readonly Controller[] = ['memory', 'pids', 'cpu'];
/** Counts CPU time for the agent; limits nothing. */
const counters: readonly string[] = ['cpuacct'];

async function isWritable(folder: string): Promise<boolean> {
  return access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );
}

async function words(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split(/\s+/).filter((word) => word !== '');
}

/** Version 1: a writable folder in each controller's hierarchy. */
async function versionOneBases(mounts: readonly CgroupMount[]): Promise<Base[]> {
  const bases: Base[] = [];
  for (const { version, own, controllers } of mounts) {
    const useful = controllers.filter((name) => [...wanted, ...counters].includes(name));
    if (version !== 1 || useful.length === 0 || !(await isWritable(own))) continue;
    bases.push({ path: own, controllers: useful, bindPaths: useful.map((name) => `/sys/fs/cgroup/${name}`) });
  }
  return bases;
}

/** Version 2 lets a cgroup with processes have no limited children: a runner alone in its cgroup moves into a leaf. */
async function leaveToLeaf(folder: string): Promise<void> {
  const members = await words(join(folder, 'cgroup.procs'));
  if (members.length !== 1 || members[0] !== String(process.pid)) return;
  const leaf = join(folder, `${runnerMark()}self`);
  await mkdir(leaf);
  await writeFile(join(leaf, 'cgroup.procs'), String(process.pid), { flag: 'r+' });
}

/** Hands down the controllers that are there; the answer says which the children have. */
async function delegate(folder: string): Promise<string[]> {
  const offered = await words(join(folder, 'cgroup.controllers'));
  const control = join(folder, 'cgroup.subtree_control');
  const enable = async () => {
    const missing = wanted.filter((name) => offered.includes(name));
    await writeFile(control, missing.map((name) => `+${name}`).join(' '), { flag: 'r+' });
  };
  const enabled = await words(control);
  if (!wanted.every((name) => enabled.includes(name) || !offered.includes(name))) {
    await enable().catch(() =>
      leaveToLeaf(folder)
        .then(enable)
        .catch(() => undefined),
    );
  }
  return (await words(control)).filter((name) => wanted.some((controller) => controller === name));
}

/** Version 2: the runner's own cgroup where it was delegated, else, for root, the top of the tree. */
async function versionTwoBases(mounts: readonly CgroupMount[]): Promise<Base[]> {
  const candidates = mounts.filter(({ version }) => version === 2).flatMap(({ own, mountPoint }) => [own, mountPoint]);
  for (const path of candidates) {
    if (!(await isWritable(path))) continue;
    const controllers = await delegate(path);
    if (controllers.includes('memory')) return [{ path, controllers, bindPaths: ['/sys/fs/cgroup'] }];
  }
  return [];
}

export class CgroupHierarchy {
  readonly #version: 1 | 2;
  readonly #bases: readonly Base[];
  readonly #mark = runnerMark();
  #made = 0;

  constructor(version: 1 | 2, bases: readonly Base[]) {
    this.#version = version;
    this.#bases = bases;
  }

  /** Looks for a place that this process may write; version 2 first. */
  static async find(): Promise<CgroupHierarchy> {
    const mounts = cgroupMounts(
      readFileSync('/proc/self/cgroup', 'utf8'),
      readFileSync('/proc/self/mountinfo', 'utf8'),
    );
    const two = await versionTwoBases(mounts);
    return two.length > 0 ? new CgroupHierarchy(2, two) : new CgroupHierarchy(1, await versionOneBases(mounts));
  }

  /** A host without cgroups, or one on which they are not wanted. */
  static none(): CgroupHierarchy {
    return new CgroupHierarchy(1, []);
  }

  limits(controller: Controller): boolean {
    return this.#bases.some(({ controllers }) => controllers.includes(controller));
  }

  /** Removes cgroups of runners that are gone. Their sandboxes died with them, so what still runs there is killed. */
  async sweep(): Promise<void> {
    for (const { path } of this.#bases) {
      for (const name of (await readdir(path)).filter(isLeftBehind)) {
        await new Cgroup([{ path: join(path, name), controllers: [], bindPaths: [] }]).remove();
      }
    }
  }

  async create(limits: Limits): Promise<Cgroup> {
    this.#made += 1;
    const name = `${this.#mark}${this.#made}`;
    const folders = this.#bases.map((base): CgroupFolder => ({ ...base, path: join(base.path, name) }));
    const cgroup = new Cgroup(folders);
    await cgroup.make(cgroupSettings(this.#version, limits));
    return cgroup;
  }

  /** Names of this runner's cgroups that still exist. */
  async remaining(): Promise<string[]> {
    const lists = await Promise.all(this.#bases.map(({ path }) => readdir(path)));
    return lists.flat().filter((name) => name.startsWith(this.#mark) && !name.endsWith('-self'));
  }
}
