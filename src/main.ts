/**
 * The runner's process: reads the settings, starts the service, says what to do next, and stops cleanly on a signal. The
 * only file that reads `process.env`.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError, parseConfig } from './config.js';
import { RunnerError } from './errors.js';
import { createLogger } from './logger.js';
import { Service } from './service.js';

/** A stop that takes longer than this is cut short; containers then end by their agents' own switch. */
const stopTimeoutMs = 20_000;

// Compiled, this file is dist/src/main.js; images/ lies beside dist/.
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

async function main(): Promise<void> {
  const config = parseConfig(process.env);
  const logger = createLogger({ level: config.logLevel, replica: config.replica });
  const service = new Service({
    config,
    logger,
    imagesFolder: join(root, 'images'),
    pageFolder: join(root, 'dist', 'browser'),
    sha: process.env.SHA ?? 'unknown',
  });
  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) process.exit(1);
    stopping = true;
    say(`repl_runner stops (${signal}) …`);
    setTimeout(() => process.exit(1), stopTimeoutMs).unref();
    service.stop().then(
      () => process.exit(0),
      (error: unknown) => fail(String(error)),
    );
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop);
  const { url } = await service.start();
  welcome(url, service.driverName, config.apiToken !== null);
}

function welcome(url: string, driver: string, needsToken: boolean): void {
  const token = needsToken ? ` -H "Authorization: Bearer $REPL_RUNNER_API_TOKEN"` : '';
  const page = needsToken ? '' : `\nA REPL in the browser: ${url}/\n`;
  say(`repl_runner listens on ${url} (sandboxes by ${driver})
${page}
From another shell, in this folder:

  npm run repl -- examples/hiker
  echo 'import hiker; print(hiker.answer())' | npm run -s repl -- examples/hiker
  curl -s${token} ${url}/repl -H 'Content-Type: application/json' -d '{"language":"python","files":{"hiker.py":"answer = 42"}}'

The calls are described in docs/api.md. Ctrl-C stops.`);
}

try {
  await main();
} catch (error) {
  if (error instanceof ConfigError || error instanceof RunnerError) fail(error.message);
  throw error;
}
