// `npm run images [-- <language> …] [--base-image <image>] [--tag <tag>]`: builds the images of the languages, all of
// them by default, through the Docker API. Where the default base cannot be fetched and `node scripts/base-image.mjs` has
// made one here, that one is taken.
import { readdirSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { checkNode, ensureBuilt, ensureInstalled, root } from './lib/build.mjs';
import { BuildProgress } from './lib/build-progress.mjs';
import { firstLine } from './lib/first-line.mjs';
import { say } from './lib/shell.mjs';

const imagesFolder = join(root, 'images');
const localBase = 'repl_runner/base:trixie';

export const languages = () =>
  readdirSync(imagesFolder).filter((name) => existsSync(join(imagesFolder, name, 'manifest.json')));

const usage = () => `npm run images [-- <language> …] [--base-image <image>] [--tag <tag>]

Builds the images of these languages, of all by default, on the base that each one's manifest names or on the one given.
Languages: ${languages().join(', ')}`;

/** Needs a build of the sources. Answers the image's name. */
export async function buildLanguage(language, { tag = 'latest', baseImage, verbose = true } = {}) {
  const builder = await import(pathToFileURL(join(root, 'dist/src/sandbox/docker/image-builder.js')).href);
  const manifest = JSON.parse(readFileSync(join(imagesFolder, language, 'manifest.json'), 'utf8'));
  const image = `repl_runner/${language}:${tag}`;
  const build = async (base) => {
    say(`Building ${image} on ${base} …`);
    const progress = verbose ? new BuildProgress() : { take() {}, end() {}, fail() {} };
    const onProgress = (line) => progress.take(line);
    try {
      await builder.buildImage({ imagesFolder, language, image, baseImage: base, onProgress });
      progress.end();
    } catch (error) {
      progress.fail();
      throw error;
    }
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
    options: { 'base-image': { type: 'string' }, tag: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) return console.log(usage());
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
    if (error.syscall === 'connect')
      console.error('No Docker daemon answers; npm run doctor says what to do about it.');
    if (error.code?.startsWith('ERR_PARSE_ARGS')) console.error('See npm run images -- --help.');
    process.exitCode = 1;
  });
}
