/** The client of the runner at an address, on `ws`, with the address' token on calls and websockets alike. */
import { WebSocket } from 'ws';
import { ReplClient } from '../repl-client.js';
import { ReplError } from '../repl-error.js';
import { asRecord } from '../record.js';
import { clientFailure } from './client-failure.js';
import type { RunnerAddress } from './runner-address.js';

export function runnerClient({ url, token }: RunnerAddress): ReplClient {
  const headers: Record<string, string> = token === null ? {} : { Authorization: `Bearer ${token}` };
  return new ReplClient({
    url,
    headers,
    makeSocket: (address, subprotocols) => new WebSocket(address, subprotocols, { headers, perMessageDeflate: false }),
  });
}

/** False where nothing listens. Rejects when something else does, or when it cannot be told. */
export async function isAlive(client: ReplClient): Promise<boolean> {
  try {
    await client.checkAlive();
    return true;
  } catch (error) {
    if (error instanceof ReplError && error.code === 'unreachable' && refused(error.cause)) return false;
    throw clientFailure(error);
  }
}

/** fetch hides the system's error in its cause. */
function refused(error: unknown): boolean {
  return error instanceof Error && asRecord(error.cause)?.code === 'ECONNREFUSED';
}
