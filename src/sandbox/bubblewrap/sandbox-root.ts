/**
 * What of a root file system (the host's, or a directory that holds one) is shown inside a sandbox: programs and
 * libraries, nothing that belongs to people or to the machine.
 */
import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { sandboxEnvironment, type SandboxRoot } from './bwrap-arguments.js';

const systemNames = /^(usr|bin|sbin|lib\w*)$/;

/** The folders and links at the top of `root` that hold programs and libraries. */
export function readSandboxRoot(root: string): SandboxRoot {
  const names = readdirSync(root).filter((name) => systemNames.test(name));
  const isLink = (name: string) => lstatSync(join(root, name)).isSymbolicLink();
  return {
    folders: names.filter((name) => !isLink(name)).map((name) => ({ source: join(root, name), path: `/${name}` })),
    links: names.filter(isLink).map((name) => ({ target: readlinkSync(join(root, name)), path: `/${name}` })),
  };
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Whether a sandbox with this root finds a program by name or absolute path. A link counts: it resolves only inside. */
export function hasProgram(root: string, program: string): boolean {
  if (isAbsolute(program)) return exists(join(root, program));
  return sandboxEnvironment.PATH.split(':').some((folder) => exists(join(root, folder, program)));
}
