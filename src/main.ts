/**
 * The runner's process: reads the settings, starts the service, says what to do next, and stops cleanly on a signal. The
 * only file that reads `process.env`.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseConfig, type Config } from './config.js';
import { ConfigError } from './config/config-error.js';
import { RunnerError } from './errors.js';
import { giveBuffersTime } from './heap.js';
import { createLogger } from './logger.js';
import { Service } from './service.js';
import { farewell, listeningLine, nextSteps, type Listening } from './welcome.js';

/** A stop, its drain not counted, that takes longer than this is cut short; containers then end by their agents' own switch. */
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
  giveBuffersTime();
  const config = parseConfig(process.env);
  const logger = createLogger({ level: config.logLevel, replica: config.replica });
  const service = new Service({
    config,
    logger,
    imagesFolder: join(root, 'images'),
    pageFolder: join(root, 'dist', 'browser'),
    docsFolder: join(root, 'dist', 'docs'),
    sha: process.env.SHA ?? 'unknown',
  });
  const stop = stopper(service, config);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop);
  const { url } = await service.start();
  const needsToken = config.apiToken !== null || config.apiKeysFile !== null;
  welcome({ url, driver: service.driverName, needsToken });
}

/** What each signal does: the first begins the drain where there is one, the next stops at once, one more kills. */
function stopper(service: Service, { drainMs, orphanSeconds }: Config): (signal: string) => void {
  let phase: 'running' | 'draining' | 'stopping' = 'running';
  const stopNow = (signal: string): void => {
    phase = 'stopping';
    say(`repl_runner stops (${signal}) …`);
    setTimeout(() => process.exit(1), stopTimeoutMs).unref();
    const outliving = service.outlivingSessions;
    service.stop().then(
      () => {
        if (outliving > 0) say(farewell(outliving, orphanSeconds));
        process.exit(0);
      },
      (error: unknown) => fail(String(error)),
    );
  };
  return (signal) => {
    if (phase === 'stopping') process.exit(1);
    if (phase === 'draining' || drainMs === null) {
      stopNow(signal);
      return;
    }
    phase = 'draining';
    say(`repl_runner drains for ${drainMs / 1000} s (${signal}); another signal stops it at once …`);
    const stopDrained = (): void => {
      if (phase === 'draining') stopNow('drained');
    };
    service.drain().then(stopDrained, stopDrained);
  };
}

/** To a person all of it; among the log lines of a container the first line is enough. */
function welcome(listening: Listening): void {
  say(listeningLine(listening));
  if (process.stdout.isTTY) say(nextSteps(listening));
}

try {
  await main();
} catch (error) {
  if (error instanceof ConfigError || error instanceof RunnerError) fail(error.message);
  throw error;
}
