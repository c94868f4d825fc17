/**
 * What an image is made of, as one hash: the language's folder and the agent. The build script puts it on the image as a
 * label and the Docker driver compares, so that a runner never starts an image built from other files than its own.
 */
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** The label that carries the hash. */
export const contentLabel = 'repl_runner.content';

const folderOfTheAgent = 'agent';
/** What Python has compiled, what people read, and the conversation that tests play. */
const notInImages = /\.pyc$|\.md$|^dialogue\.json$/;

/** Files that go into the language's image, relative to the images folder, sorted. */
export async function imageFiles(imagesFolder: string, language: string): Promise<string[]> {
  const found: string[] = [];
  for (const folder of [folderOfTheAgent, language]) {
    const entries = await readdir(join(imagesFolder, folder), { withFileTypes: true, recursive: true });
    const files = entries.filter((entry) => entry.isFile() && !notInImages.test(entry.name));
    found.push(...files.map((entry) => relative(imagesFolder, join(entry.parentPath, entry.name))));
  }
  return found.sort();
}

/** sha256 in hex over names and contents of `imageFiles`. */
export async function imageContent(imagesFolder: string, language: string): Promise<string> {
  const hash = createHash('sha256');
  for (const file of await imageFiles(imagesFolder, language)) {
    const content = await readFile(join(imagesFolder, file));
    hash.update(`${file}\0${content.byteLength}\0`).update(content);
  }
  return hash.digest('hex');
}
