/**
 * The folder that a runner lays out once for all of its sandboxes: the agent with the languages' hooks, and a minimal
 * /etc. Copies, because the sandbox's user may not be able to reach the originals (a checkout under /root) and because
 * they must not change while sandboxes run.
 */
import { chmod, copyFile, cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { isLeftBehind, runnerMark } from './runner-mark.js';
import { sandboxUser } from './sandbox-user.js';
import { unavailable } from './unavailable.js';

export interface StagePlan {
  /** The repository's `images` folder. */
  readonly imagesFolder: string;
  readonly languageNames: readonly string[];
  /** The root file system that the sandboxes show. */
  readonly root: string;
}

/** What images/agent/image/compiled.py writes. */
const compiledFiles = z.record(z.string().regex(/^([\w-]+\/)*__pycache__\/[\w.-]+\.pyc$/), z.base64());

function compiledOf(json: string): z.infer<typeof compiledFiles> {
  try {
    return compiledFiles.parse(JSON.parse(json));
  } catch {
    throw unavailable(`no agent, but ${JSON.stringify(json.slice(0, 200))}`);
  }
}

/** Entries of /etc that programs need and that tell nothing of the host. Java's configuration is one of them. */
const usefulEntries = /^(alternatives|ld\.so\.cache|localtime|inputrc|mime\.types|java(-\d+-openjdk)?)$/;

const { name, uid, gid } = sandboxUser;
const generated: Readonly<Record<string, string>> = {
  passwd: `${name}:x:${uid}:${gid}:${name}:/tmp/home:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n`,
  group: `${name}:x:${gid}:\nnogroup:x:65534:\n`,
  'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files\nservices: files\nprotocols: files\n',
  hosts: '127.0.0.1 localhost repl\n::1 localhost repl\n',
  hostname: 'repl\n',
};

async function stageEtc(root: string, etc: string): Promise<void> {
  await mkdir(etc);
  for (const [file, text] of Object.entries(generated)) await writeFile(join(etc, file), text);
  for (const entry of (await readdir(join(root, 'etc'))).filter((found) => usefulEntries.test(found))) {
    const source = join(root, 'etc', entry);
    const copied = copyFile(source, join(etc, entry)).catch(() =>
      cp(source, join(etc, entry), { recursive: true, verbatimSymlinks: true, filter: isPublic }),
    );
    await copied.catch(() => undefined); // useful, not needed
  }
}

function isPublic(path: string): boolean {
  return basename(path) !== '__pycache__';
}

/** A folder's files with modes that the sandbox's user can read, whatever the umask of the checkout was. */
async function copyReadable(source: string, target: string): Promise<void> {
  await cp(source, target, { recursive: true, filter: isPublic });
  await chmod(target, 0o755);
  for (const entry of await readdir(target, { recursive: true, withFileTypes: true })) {
    await chmod(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644);
  }
}

async function sweep(): Promise<void> {
  for (const found of (await readdir(tmpdir())).filter(isLeftBehind)) {
    await rm(join(tmpdir(), found), { recursive: true, force: true }).catch(() => undefined); // another user's
  }
}

export class Stage {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Lays it out anew under the system's folder for temporary files; removes those of runners that are gone. */
  static async lay({ imagesFolder, languageNames, root }: StagePlan): Promise<Stage> {
    await sweep();
    const stage = new Stage(await mkdtemp(join(tmpdir(), runnerMark())));
    try {
      await chmod(stage.#folder, 0o755);
      await copyReadable(join(imagesFolder, 'agent'), stage.agentFolder);
      for (const language of languageNames) {
        await copyReadable(join(imagesFolder, language), join(stage.agentFolder, language));
      }
      await stageEtc(root, stage.etcFolder);
      return stage;
    } catch (error) {
      await stage.remove();
      throw error;
    }
  }

  get agentFolder(): string {
    return join(this.#folder, 'agent');
  }

  get etcFolder(): string {
    return join(this.#folder, 'etc');
  }

  /**
   * Lays what the sandboxes' Python has compiled beside its sources, as images/agent/image/compiled.py gives it. Throws
   * driver_unavailable where it is anything else.
   */
  async addCompiled(json: string): Promise<void> {
    for (const [path, content] of Object.entries(compiledOf(json))) {
      const target = join(this.agentFolder, path);
      const folder = dirname(target);
      await mkdir(folder, { recursive: true });
      await chmod(folder, 0o755);
      await writeFile(target, content, 'base64');
      await chmod(target, 0o644);
    }
  }

  /** For what else is needed beside them for a moment. */
  path(file: string): string {
    return join(this.#folder, file);
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
