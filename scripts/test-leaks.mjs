// `npm run test:leaks`: five minutes of sessions that come and go on Docker, and what runner and proxy hold before and after.
import { askedWords } from './lib/asked-words.mjs';
import { dockerCommand } from './lib/docker-command.mjs';
import { jest } from './lib/jest.mjs';
import { say } from './lib/shell.mjs';
import { makeTestImage } from './test-image.mjs';

const seconds = 300;

const usage = `npm run test:leaks

Five minutes of sessions that come and go on Docker; fails where runner or proxy hold more afterwards than before.`;

async function churn() {
  const tag = await makeTestImage('trixie');
  say(`Sessions come and go for ${seconds} s …`);
  const env = { REPL_TEST_IMAGE_TAG_TRIXIE: tag, REPL_TEST_LEAK_SECONDS: String(seconds) };
  await jest(['test/integration/leaks.test.ts'], env);
}

askedWords(usage);
await dockerCommand('npm run test:leaks', churn);
