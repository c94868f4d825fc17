// Builds the Python image for tests on Docker: on Debian's base, tagged with its content, so that two trees may be tested on
// one daemon at once.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { baseImage, makeBaseImage } from './base-image.mjs';
import { buildLanguage } from './images.mjs';
import { root } from './lib/build.mjs';

/** Makes the base of that Debian as well; answers the tag. Needs a build. */
export async function makeTestImage(suite) {
  const { imageContent } = await import(pathToFileURL(join(root, 'dist/src/language/image-content.js')).href);
  const tag = `test-${suite}-${(await imageContent(join(root, 'images'), 'python')).slice(0, 12)}`;
  await makeBaseImage(suite);
  await buildLanguage('python', { tag, baseImage: baseImage(suite), verbose: false });
  return tag;
}
