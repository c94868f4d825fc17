// `npm run test:languages`: plays the dialogues of all languages, the heavy ones too, on Docker and on this host's
// bubblewrap. Builds their images first, which takes minutes and some GiB the first time.
import { baseImage, makeBaseImage } from './base-image.mjs';
import { makeLanguageImages } from './language-images.mjs';
import { askedWords } from './lib/asked-words.mjs';
import { dockerCommand } from './lib/docker-command.mjs';
import { jest } from './lib/jest.mjs';
import { say } from './lib/shell.mjs';

const usage = `npm run test:languages

Plays the dialogues of all languages, the heavy ones too, on Docker and on this host's bubblewrap. Builds their images first,
which takes minutes and some GiB the first time.`;

async function play() {
  await makeBaseImage('trixie');
  const images = await makeLanguageImages({ heavy: true });
  say(`Playing them on ${baseImage('trixie')} and on this host's programs …`);
  const env = { ...images, REPL_TEST_IMAGE_TAG_TRIXIE: images.REPL_TEST_LANGUAGES_TAG };
  await jest(['test/contract/languages.test.ts'], env);
}

askedWords(usage);
await dockerCommand('npm run test:languages', play);
