/**
 * Connects to what an entry allows: looks the name up anew, drops every address where it may not lie, and connects to one of
 * the rest by its number, so that no later answer of a name server matters.
 */
import { connect, type Socket } from 'node:net';
import { mayLieAt, shownEntry, type EgressEntry } from './allow-list.js';
import { EgressRefusal } from './egress-refusal.js';
import type { Lookups } from './lookup.js';

/** For one address; there may be one of a family that the host has no way to. */
const connectTimeoutMs = 5_000;
const maxAttempts = 3;

/** Rejects with EgressRefusal, or with the signal's reason. */
export async function dial(entry: EgressEntry, lookups: Lookups, signal: AbortSignal): Promise<Socket> {
  const found = await lookups.addresses(entry.name);
  signal.throwIfAborted();
  const allowed = found.filter((address) => mayLieAt(entry, address));
  if (allowed.length === 0) throw new EgressRefusal('address_refused', entry.name);
  let failure: unknown;
  for (const address of allowed.slice(0, maxAttempts)) {
    try {
      return await connectTo(address, entry.port, signal);
    } catch (error) {
      signal.throwIfAborted();
      failure = error;
    }
  }
  throw new EgressRefusal('unreachable', shownEntry(entry), { cause: failure });
}

function connectTo(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    // A server that has said all ends its side alone: what the program has not taken of it yet is on its way still.
    const socket = connect({ host, port, noDelay: true, allowHalfOpen: true });
    const give = (error: Error): void => {
      signal.removeEventListener('abort', abort);
      socket.destroy();
      reject(error);
    };
    const abort = (): void => {
      give(new Error('nobody waits for it'));
    };
    const late = (): void => {
      give(new Error('no answer'));
    };
    signal.addEventListener('abort', abort, { once: true });
    socket.setTimeout(connectTimeoutMs, late);
    socket.once('error', give);
    socket.once('connect', () => {
      signal.removeEventListener('abort', abort);
      socket.setTimeout(0);
      socket.off('timeout', late);
      socket.off('error', give);
      resolve(socket);
    });
  });
}
