// `npm run images [-- <language> …] [--base-image <image>] [--tag <tag>]`: builds the images of the languages, all of
// them by default, through the Docker API. Where the default base cannot be fetched and `node scripts/base-image.mjs` has
// made one here, that one is taken.
import { readdirSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { checkNode, ensureBuilt, ensureInstalled, root } from './lib/build.mjs';
import { firstLine } from './lib/first-line.mjs';
import { say } from './lib/shell.mjs';

const imagesFolder = join(root, 'images');
const localBase = 'repl_runner/base:trixie';

export const languages = () =>
  readdirSync(imagesFolder).filter((name) => existsSync(join(imagesFolder, name, 'manifest.json')));

/** Needs a build of the sources. Answers the image's name. */
export async function buildLanguage(language, { tag = 'latest', baseImage, verbose = true } = {}) {
  const builder = await import(pathToFileURL(join(root, 'dist/src/sandbox/docker/image-builder.js')).href);
  const manifest = JSON.parse(readFileSync(join(imagesFolder, language, 'manifest.json'), 'utf8'));
  const image = `repl_runner/${language}:${tag}`;
  const onProgress = (line) => verbose && console.log(`  ${line}`);
  const build = (base) => {
    say(`Building ${image} on ${base} …`);
    return builder.buildImage({ imagesFolder, language, image, baseImage: base, onProgress });
  };
  try {
    await build(baseImage ?? manifest.base_image);
  } catch (error) {
    const canFallBack = !baseImage && (await builder.imageNames()).includes(localBase);
    if (!canFallBack) throw error;
    say(`${manifest.base_image} cannot be had (${firstLine(error)}); taking ${localBase} instead.`);
    await build(localBase);
  }
  return image;
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { 'base-image': { type: 'string' }, tag: { type: 'string' } },
  });
  checkNode();
  await ensureInstalled();
  await ensureBuilt();
  for (const language of positionals.length > 0 ? positionals : languages()) {
    if (!languages().includes(language))
      throw new Error(`There is no language ${language}; known: ${languages().join(', ')}.`);
    say(`${await buildLanguage(language, { tag: values.tag, baseImage: values['base-image'] })} is ready.`);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  main().catch((error) => {
    console.error(`npm run images: ${firstLine(error)}`);
    process.exitCode = 1;
  });
}
