// Builds the images of the languages for the tests: on Debian's base, tagged with the content of them all, so that two
// trees may be tested on one daemon at once. What is in the builder's cache costs a second each, and needs no network.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { baseImage } from './base-image.mjs';
import { buildLanguage, languages } from './images.mjs';
import { root } from './lib/build.mjs';

const imagesFolder = join(root, 'images');
const weightOf = (language) => JSON.parse(readFileSync(join(imagesFolder, language, 'dialogue.json'), 'utf8')).weight;

async function contentTag(names) {
  const { imageContent } = await import(pathToFileURL(join(root, 'dist/src/language/image-content.js')).href);
  const hash = createHash('sha256');
  for (const name of names) hash.update(`${name} ${await imageContent(imagesFolder, name)}\n`);
  return `test-languages-${hash.digest('hex').slice(0, 12)}`;
}

/** Resolves to settings for the suite; `heavy` adds those that take long. Needs a build and the base image. */
export async function makeLanguageImages({ heavy }) {
  const names = languages().filter((name) => heavy || weightOf(name) === 'light');
  const tag = await contentTag(names);
  for (const name of names) await buildLanguage(name, { tag, baseImage: baseImage('trixie'), verbose: heavy });
  return { REPL_TEST_LANGUAGES_TAG: tag, REPL_TEST_LANGUAGES: heavy ? 'all' : 'light' };
}
