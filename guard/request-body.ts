/** Bodies of requests, bounded. Those of calls that need none are read to their end and thrown away: dockerode sends some. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Refusal } from './refusal.js';

/** A container's options are some 15 KiB, most of them the seccomp profile. */
const createBytes = 256 * 1024;
/** dockerode repeats the query of a call in its body. */
const needlessBytes = 4096;
/** For the rest of the body of an attach; that of others is the server's to bound. */
const restMs = 5_000;

/** The body of a creation. Throws Refusal 413. */
export async function createBody(request: IncomingMessage): Promise<string> {
  return (await readBody(request, createBytes)).toString('utf8');
}

/** Throws Refusal 413 where there is more than a call of a client can need. */
export async function dropBody(request: IncomingMessage): Promise<void> {
  await readBody(request, needlessBytes);
}

async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  // Left early it has to stay, so that the refusal can still be told.
  const arriving: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
  for await (const piece of arriving) {
    bytes += piece.length;
    if (bytes > maxBytes) throw new Refusal(413, `The guard reads at most ${maxBytes} bytes.`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/**
 * Takes the body of an upgrade request, which Node leaves in the socket, off what came behind the headers. Answers what came
 * behind the body, and leaves the socket paused.
 */
export async function dropUpgradeBody(request: IncomingMessage, socket: Socket, head: Buffer): Promise<Buffer> {
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = request.headers;
  if (encoding !== undefined || !/^\d{1,4}$/.test(length) || Number(length) > needlessBytes) {
    throw new Refusal(413, 'The guard does not take this body with an upgrade.');
  }
  let come = head;
  while (come.length < Number(length)) come = Buffer.concat([come, await nextPiece(socket)]);
  return come.subarray(Number(length));
}

async function nextPiece(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => (): void => {
      clearTimeout(timer);
      socket.off('data', take).off('close', left).off('end', left).pause();
      end();
    };
    const take = (piece: Buffer) => {
      settle(() => {
        resolve(piece);
      })();
    };
    const left = settle(() => {
      reject(new Refusal(400, 'The client left before its request was whole.'));
    });
    const late = settle(() => {
      reject(new Refusal(408, 'The request took too long.'));
    });
    const timer = setTimeout(late, restMs);
    socket.on('data', take).on('close', left).on('end', left).resume();
  });
}
