/**
 * The languages that this runner can start: every folder under `images/` that holds a manifest. Read once; it neither
 * builds images nor asks whether they exist, which is the driver's business.
 */
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { RunnerError } from '../errors.js';
import type { Language } from './language.js';
import { manifestSchema, type Manifest } from './manifest.js';

const manifestName = 'manifest.json';
const languageName = /^[a-z][a-z0-9_-]{0,31}$/;

export interface CatalogueOptions {
  /** The `images` folder. */
  readonly imagesFolder: string;
  /** Tag of the images; tests and staged roll-outs use others than `latest`. */
  readonly imageTag?: string;
}

export class Catalogue {
  readonly languages: readonly Language[];

  private constructor(languages: readonly Language[]) {
    this.languages = languages;
  }

  /** Throws RunnerError `internal`, naming the file, when a manifest is not as it should be. */
  static async load({ imagesFolder, imageTag = 'latest' }: CatalogueOptions): Promise<Catalogue> {
    const names = (await readdir(imagesFolder)).filter((name) => languageName.test(name)).sort();
    const languages: Language[] = [];
    for (const name of names) {
      const path = join(imagesFolder, name, manifestName);
      // A folder without one holds no language, e.g. `agent`.
      if (existsSync(path)) languages.push(languageOf(name, imageTag, await readManifest(path)));
    }
    return new Catalogue(Object.freeze(languages));
  }

  /** Throws RunnerError `language_unknown`. */
  get(name: string): Language {
    const found = this.languages.find((language) => language.name === name);
    if (found !== undefined) return found;
    const known = this.languages.map((language) => language.name);
    throw new RunnerError('language_unknown', `There is no language ${name}; known are: ${known.join(', ')}.`, {
      context: { known },
    });
  }
}

async function readManifest(path: string): Promise<Manifest> {
  const text = await readFile(path, 'utf8');
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch (error) {
    const problem = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw new RunnerError('internal', `${path} is not a language manifest: ${problem}`, { cause: error });
  }
}

function languageOf(name: string, imageTag: string, manifest: Manifest): Language {
  return Object.freeze({
    name,
    title: manifest.title,
    image: `repl_runner/${name}:${imageTag}`,
    repl: manifest.repl,
    run: manifest.run,
    ...(manifest.evaluate === undefined ? {} : { evaluate: manifest.evaluate }),
    env: manifest.env,
    startupHook: manifest.startup_hook,
    hostPrograms: manifest.host_programs,
    version: manifest.version,
  });
}
