/**
 * Every language, played from its dialogue.json through the real terminal. The light ones on each driver that has their
 * programs; the heavy ones where REPL_TEST_LANGUAGES=all asks for them (`npm run test:languages`).
 */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Catalogue } from '../../src/language/catalogue.js';
import type { Language } from '../../src/language/language.js';
import { hasProgram } from '../../src/sandbox/bubblewrap/sandbox-root.js';
import type { SandboxDriver } from '../../src/sandbox/sandbox.js';
import { describeOnEach } from '../support/describe-where.js';
import { imagesFolder, readDialogues, type ReplDialogue } from '../support/dialogue.js';
import { grounds, type Ground } from '../support/grounds.js';
import { makeDriver } from '../support/make-driver.js';
import { runExample } from '../support/run-example.js';
import { RunningService } from '../support/running-service.js';
import { ScreenTerminal } from '../support/screen-terminal.js';

const dialogues = await readDialogues();
const imageTag = process.env.REPL_TEST_LANGUAGES_TAG ?? 'latest';
const { languages } = await Catalogue.load({ imagesFolder, imageTag });
const wanted = languages.filter(
  ({ name }) => process.env.REPL_TEST_LANGUAGES === 'all' || dialogues.get(name)?.weight === 'light',
);

/** On Docker there is an image for each; on bubblewrap, the programs that this host has. */
const here = (ground: Ground): Language[] =>
  wanted.filter(
    ({ hostPrograms }) => ground.driver === 'docker' || hostPrograms.every((name) => hasProgram('/', name)),
  );

async function play(runner: RunningService, language: string, { files, greeting, steps }: ReplDialogue): Promise<void> {
  const session = await runner.startSession({ language, files, terminal: ScreenTerminal.size });
  const terminal = new ScreenTerminal(runner.attach(session.websocket));
  try {
    await terminal.see(greeting);
    for (const step of steps) {
      if ('press' in step) terminal.press(step.press);
      else terminal.type(step.type);
      await terminal.see(step.see);
    }
  } finally {
    terminal.close();
  }
}

function contract(ground: Ground): void {
  const played = here(ground);
  let runner: RunningService;
  let driver: SandboxDriver;
  beforeAll(async () => {
    const pool = played.map(({ name }) => `${name}=0`).join(',');
    runner = await RunningService.start({ ...ground.env, REPL_RUNNER_IMAGE_TAG: imageTag, REPL_RUNNER_POOL: pool });
    driver = makeDriver(ground);
    await driver.prepare(played);
  });
  afterAll(async () => {
    await runner.stop();
    await driver.close();
  });

  for (const language of played) {
    const { repl, run } = dialogues.get(language.name) ?? {};
    if (repl) it(`converses in ${language.name}`, () => play(runner, language.name, repl), 60_000);
    if (run) {
      it(`runs a program in ${language.name}`, async () => {
        expect(await runExample(driver, language, run)).toBe(run.stdout);
      });
    }
  }
}

describeOnEach(
  grounds.filter(({ name }) => ['docker trixie', 'bubblewrap host'].includes(name)),
  'The languages on',
  contract,
);
