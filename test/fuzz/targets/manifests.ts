/** Folders of languages: a manifest that cannot be used stops the start, naming its file; whatever can is whole. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RunnerError } from '../../../src/errors.js';
import { Catalogue } from '../../../src/language/catalogue.js';
import type { Random } from '../../support/random.js';
import { must, type OpenTarget } from '../fuzz-target.js';
import { mutatedJson } from '../mutate-json.js';

/** A file system in memory, where it is there: a disk is much slower. */
const memory = '/dev/shm';
const images = fileURLToPath(new URL('../../../images', import.meta.url));

export function openManifests(): Promise<OpenTarget> {
  const corpus = readdirSync(images)
    .map((name) => join(images, name, 'manifest.json'))
    .filter((path) => existsSync(path))
    .map((path): unknown => JSON.parse(readFileSync(path, 'utf8')));
  const folder = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), 'repl-fuzz-'));
  const path = join(folder, 'python', 'manifest.json');
  mkdirSync(join(folder, 'python'));
  return Promise.resolve({
    play: async (random: Random) => {
      writeFileSync(path, mutatedJson(random, corpus));
      const catalogue = await loaded(folder, path);
      if (catalogue === null) return;
      const { name, image, version, env } = catalogue.get('python');
      must(name === 'python' && image === 'repl_runner/python:latest', () => `${name} is started from ${image}`);
      must(version.length > 0, () => 'there is no version to ask for');
      must(
        Object.keys(env).every((variable) => /^[A-Z_][A-Z0-9_]*$/.test(variable)),
        () => JSON.stringify(env),
      );
    },
    close: () => {
      rmSync(folder, { recursive: true });
    },
  });
}

async function loaded(folder: string, path: string): Promise<Catalogue | null> {
  try {
    return await Catalogue.load({ imagesFolder: folder });
  } catch (error) {
    // The documented code of a start that cannot be; no request meets it.
    if (!(error instanceof RunnerError)) throw error;
    must(error.message.startsWith(`${path} is not a language manifest`), () => error.message);
    return null;
  }
}
