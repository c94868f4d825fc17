/** The runner that a command works with: the one at the address, or one of its own where nothing listens by default. */
import type { ReplClient } from '../repl-client.js';
import { ClientError } from './client-error.js';
import { runnerAddress, type AddressOptions } from './runner-address.js';
import { isAlive, runnerClient } from './runner-client.js';
import { startOwnRunner } from './start-own-runner.js';

export interface Reached {
  readonly client: ReplClient;
  readonly stop: () => Promise<void>;
}

export interface ReachOptions extends AddressOptions {
  readonly language: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** Throws ClientError where there is none and none is to be started. */
export async function reachRunner(options: ReachOptions): Promise<Reached> {
  const { language, env, signal, say } = options;
  const address = await runnerAddress(options, env);
  const client = runnerClient(address);
  if (await isAlive(client)) return { client, stop: () => Promise.resolve() };
  if (!address.isDefault) {
    throw new ClientError(
      `Nothing listens at ${address.url}. Start a runner there, or name another address with --url.`,
    );
  }
  const own = await startOwnRunner({ language, env, signal, say });
  return { client: runnerClient(own.address), stop: own.stop };
}
