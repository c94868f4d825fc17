/**
 * One sandbox's cgroup: its folders (one in version 2, one for each hierarchy in version 1), its counters and its
 * removal. It kills only what is still in these folders, which nothing but the sandbox ever enters.
 */
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { RunnerError } from '../../errors.js';
import type { CgroupSetting } from './cgroup-settings.js';

export interface CgroupFolder {
  readonly path: string;
  /** Controllers that this folder steers. */
  readonly controllers: readonly string[];
  /** Places in the sandbox where the agent looks for its counters. */
  readonly bindPaths: readonly string[];
}

/** Killed processes take a moment to leave; beyond this they are killed again from here. */
const removalMs = 3000;
const retryMs = 5;

function errorCode(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}

/** Removes one folder, waiting for its processes to be gone. False when they are not. */
async function removeFolder(path: string): Promise<boolean> {
  const giveUpAt = performance.now() + removalMs;
  while (performance.now() < giveUpAt) {
    try {
      await rmdir(path);
      return true;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return true;
      if (errorCode(error) !== 'EBUSY') throw error;
    }
    await delay(retryMs);
  }
  return false;
}

async function killMembers(path: string): Promise<void> {
  try {
    await writeFile(join(path, 'cgroup.kill'), '1', { flag: 'r+' });
    return;
  } catch {
    // Version 1, or a kernel before 5.14: one by one.
  }
  const members = await readFile(join(path, 'cgroup.procs'), 'utf8').catch(() => '');
  for (const pid of members.split('\n').map(Number)) {
    if (pid <= 1) continue; // 0 stands for a process of another PID namespace
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It is gone by itself.
    }
  }
}

async function applySetting(folders: readonly CgroupFolder[], { controller, file, value, optional }: CgroupSetting) {
  const folder = folders.find(({ controllers }) => controllers.includes(controller));
  if (folder === undefined) return;
  try {
    await writeFile(join(folder.path, file), value, { flag: 'r+' });
  } catch (error) {
    if (!optional) throw error;
  }
}

export class Cgroup {
  readonly #folders: readonly CgroupFolder[];

  /** @param folders may be empty: a sandbox that only rlimits hold */
  constructor(folders: readonly CgroupFolder[]) {
    this.#folders = folders;
  }

  /** Makes the folders and puts the limits on them; leaves nothing behind when that fails. */
  async make(settings: readonly CgroupSetting[]): Promise<void> {
    try {
      for (const { path } of this.#folders) await mkdir(path);
      for (const setting of settings) await applySetting(this.#folders, setting);
    } catch (cause) {
      await this.remove();
      throw new RunnerError('sandbox_failed', 'The cgroup of a sandbox could not be made.', { cause });
    }
  }

  /** Files that a process writes its pid into to join. */
  get procsFiles(): string[] {
    return this.#folders.map(({ path }) => join(path, 'cgroup.procs'));
  }

  get binds(): { source: string; path: string }[] {
    return this.#folders.flatMap(({ path: source, bindPaths }) => bindPaths.map((path) => ({ source, path })));
  }

  /** How many processes of it the kernel has killed for want of memory. */
  async oomKills(): Promise<number> {
    const folder = this.#folders.find(({ controllers }) => controllers.includes('memory'));
    if (folder === undefined) return 0;
    const files = ['memory.events', 'memory.oom_control'].map((file) => readFile(join(folder.path, file), 'utf8'));
    const texts = await Promise.allSettled(files);
    const text = texts.map((result) => (result.status === 'fulfilled' ? result.value : '')).join('\n');
    return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
  }

  /** Removes it and what may still run in it; throws when the kernel keeps it. */
  async remove(): Promise<void> {
    for (const { path } of this.#folders) {
      if (await removeFolder(path)) continue;
      await killMembers(path);
      if (await removeFolder(path)) continue;
      throw new RunnerError('sandbox_failed', `The cgroup ${path} still has processes and could not be removed.`);
    }
  }
}
