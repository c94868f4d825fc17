/**
 * One `CONNECT`: bytes between a program and the server that it asked for, once the program has named that very server in the
 * first message of its TLS. Nothing of what follows is looked at.
 */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { hostName } from './allow-list.js';
import { ClientHelloReader } from './client-hello.js';
import { EgressRefusal } from './egress-refusal.js';

const established = 'HTTP/1.1 200 Connection established\r\n\r\n';
const helloTimeoutMs = 10_000;
/** TLS' own word for it: a fatal alert, unrecognized_name. */
const unrecognizedName = Buffer.from([21, 3, 3, 0, 2, 2, 112]);

/**
 * Takes both over and resolves when both are closed. Rejects with EgressRefusal where the program names another server, or
 * speaks no TLS; it has been told by then.
 */
export async function tunnel(client: Duplex, upstream: Socket, head: Buffer, name: string): Promise<void> {
  // An error closes it, which both pipelines hear of.
  upstream.on('error', () => undefined);
  try {
    client.write(established);
    upstream.write(await readHello(client, head, name));
  } catch (error) {
    upstream.destroy();
    client.end(unrecognizedName);
    throw error;
  }
  await Promise.allSettled([pipeline(client, upstream), pipeline(upstream, client)]);
}

/** What the program has said up to the end of its first message. */
function readHello(client: Duplex, head: Buffer, name: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const reader = new ClientHelloReader();
    const settle = (outcome: Buffer | Error): void => {
      clearTimeout(timer);
      client.pause();
      client.off('data', take).off('end', gone).off('close', gone);
      if (outcome instanceof Error) reject(outcome);
      else resolve(outcome);
    };
    const take = (chunk: Buffer): void => {
      const verdict = reader.push(chunk);
      if (verdict.kind === 'more') return;
      if (verdict.kind === 'refused') settle(new EgressRefusal(verdict.reason, verdict.why));
      else if (hostName(verdict.name) === name) settle(reader.bytes);
      else settle(new EgressRefusal('name_mismatch', `${name} was asked for, ${verdict.name} is spoken to`));
    };
    const gone = (): void => {
      settle(new EgressRefusal('not_tls', 'the program has said nothing more'));
    };
    const timer = setTimeout(() => {
      settle(new EgressRefusal('timed_out', 'no TLS was begun'));
    }, helloTimeoutMs);
    client.once('end', gone).once('close', gone);
    if (head.length > 0) client.unshift(head);
    client.on('data', take);
    client.resume();
  });
}
