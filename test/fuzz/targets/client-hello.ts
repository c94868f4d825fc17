/** The reader of a TLS client's first message: however it is cut, its verdict is one and the same, and names what is there. */
import { once } from 'node:events';
import { connect } from 'node:tls';
import { ClientHelloReader, type HelloVerdict } from '../../../src/egress/client-hello.js';
import { streamPair } from '../../doubles/stream-pair.js';
import type { Random } from '../../support/random.js';
import { must, type OpenTarget } from '../fuzz-target.js';
import { inPieces, mutatedBytes } from '../mutate-bytes.js';

export async function openClientHello(): Promise<OpenTarget> {
  const whole = await Promise.all(['index.example', 'a', 'x'.repeat(200)].map(realHello));
  const corpus = [
    ...whole,
    ...whole.map((hello) => inRecords(hello, 1)),
    ...whole.map((hello) => inRecords(hello, 100)),
  ];
  return {
    play: (random: Random) => {
      const bytes = random.percent(3) ? random.pick(corpus) : mutatedBytes(random, corpus);
      const verdict = read(inPieces(random, bytes));
      const again = read([bytes]);
      const [cut, uncut] = [verdict, again].map((each) => JSON.stringify(each));
      must(cut === uncut, () => `${String(cut)} in pieces, ${String(uncut)} in one`);
      if (verdict.kind !== 'named') return;
      const letters = new Set(bytes.toString('latin1'));
      must(
        Array.from(verdict.name).every((letter) => letters.has(letter)),
        () => `a name that is not there: ${verdict.name}`,
      );
    },
  };
}

function read(pieces: readonly Buffer[]): HelloVerdict {
  const reader = new ClientHelloReader();
  let [verdict, came]: [HelloVerdict, number] = [{ kind: 'more' }, 0];
  for (const piece of pieces) {
    verdict = reader.push(piece);
    came += piece.length;
    if (verdict.kind !== 'more') break;
  }
  must(reader.bytes.length === came, () => `${reader.bytes.length} bytes were kept of ${came}`);
  return verdict;
}

/** The message of one record anew, in records of this size. */
function inRecords(hello: Buffer, size: number): Buffer {
  const message = hello.subarray(5);
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const piece = message.subarray(at, at + size);
    records.push(Buffer.from([22, 3, 1, piece.length >> 8, piece.length & 0xff]), piece);
  }
  return Buffer.concat(records);
}

/** What a TLS client of Node's says first. */
async function realHello(servername: string): Promise<Buffer> {
  const [client, server] = streamPair();
  const socket = connect({ socket: client, servername, rejectUnauthorized: false });
  socket.on('error', () => undefined);
  const [hello] = (await once(server, 'data')) as [Buffer];
  socket.destroy();
  return hello;
}
