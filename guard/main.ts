/**
 * The guard's process: reads the settings, listens on its socket, and stops on a signal once nobody needs it any more. The only
 * file of the guard that reads `process.env`.
 */
import { lstatSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { ConfigError } from '../src/config/config-error.js';
import { listen, type Place } from '../src/listen.js';
import { parseGuardConfig, type GuardConfig } from './config.js';
import { createEventLog } from './event-log.js';
import { Guard } from './guard.js';
import type { GuardMetrics } from './metrics.js';

/** A runner that is told to stop at the same time needs the daemon for up to 20 s more. */
const lingerMs = 25_000;
/** How often it looks whether anybody is left. */
const lookMs = 100;
/** The socket is its owner's and its group's. */
const socketUmask = 0o117;

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

function main(): void {
  const config = parseGuardConfig(process.env);
  const guard = new Guard(config, createEventLog(config.logLevel));
  guard.metrics.addProcess();
  if (config.metrics !== null) showMetrics(guard.metrics, config.metrics);
  openSocket(guard, config);
  stopOnSignals(guard);
}

function openSocket({ server }: Guard, { socketPath, daemonPath }: GuardConfig): void {
  removeStale(socketPath);
  process.umask(socketUmask);
  server.once('error', (error) => fail(`The guard cannot listen on ${socketPath}: ${error.message}`));
  server.listen(socketPath, () => {
    process.stdout.write(`repl_guard listens on ${socketPath} and guards ${daemonPath}\n`);
  });
}

/** What an earlier guard left; anything else is not the guard's to remove. */
function removeStale(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isSocket() === true) rmSync(path);
}

/** Ends once no connection is left, so that runners that stop as well can remove their sandboxes; a second signal ends at once. */
function stopOnSignals(guard: Guard): void {
  let stopping = false;
  const stop = (): void => {
    if (stopping) process.exit(1);
    stopping = true;
    setTimeout(() => process.exit(0), lingerMs);
    setInterval(() => {
      void guard.remaining().then((count) => {
        if (count === 0) process.exit(0);
      });
    }, lookMs);
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop);
}

function showMetrics(metrics: GuardMetrics, { host, port }: Place): void {
  const server = createServer(({ url, method }, response) => {
    if (url !== '/metrics' || method !== 'GET') {
      response.writeHead(404).end();
      return;
    }
    metrics.text().then(
      (text) => response.writeHead(200, { 'Content-Type': metrics.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  listen(server, { host, port }).then(
    (url) => process.stdout.write(`repl_guard shows metrics on ${url}\n`),
    (error: unknown) => fail(`The guard cannot show its metrics on ${host}:${port}: ${(error as Error).message}`),
  );
}

try {
  main();
} catch (error) {
  if (error instanceof ConfigError) fail(error.message);
  throw error;
}
