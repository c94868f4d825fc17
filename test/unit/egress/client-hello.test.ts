import { once } from 'node:events';
import { connect, TLSSocket } from 'node:tls';
import { describe, expect, it } from '@jest/globals';
import { ClientHelloReader, type HelloVerdict } from '../../../src/egress/client-hello.js';
import { streamPair } from '../../doubles/stream-pair.js';
import { Random } from '../../support/random.js';

/** What a TLS client of Node's says first. */
async function realHello(servername: string): Promise<Buffer> {
  const [client, server] = streamPair();
  const socket: TLSSocket = connect({ socket: client, servername, rejectUnauthorized: false });
  socket.on('error', () => undefined);
  const [hello] = (await once(server, 'data')) as [Buffer];
  socket.destroy();
  return hello;
}

const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
const sized = (content: Buffer): Buffer => Buffer.concat([u16(content.length), content]);
const extension = (type: number, content: Buffer): Buffer => Buffer.concat([u16(type), sized(content)]);
const named = (name: string, type = 0): Buffer =>
  extension(0, sized(Buffer.concat([Buffer.from([type]), sized(Buffer.from(name))])));

function message(extensions: Buffer | null, type = 1): Buffer {
  const body = Buffer.concat([
    Buffer.alloc(34, 3),
    Buffer.from([0]), // no session id
    sized(Buffer.from([0x13, 0x01])),
    Buffer.from([1, 0]), // no compression
    extensions === null ? Buffer.alloc(0) : sized(extensions),
  ]);
  return Buffer.concat([Buffer.from([type, 0]), u16(body.length), body]);
}

/** The message in records of this size. */
function records(content: Buffer, size = 16_384): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < content.length; at += size) {
    parts.push(Buffer.from([22, 3, 1]), sized(content.subarray(at, at + size)));
  }
  return Buffer.concat(parts);
}

function read(bytes: Buffer, pieceSize = bytes.length): HelloVerdict {
  const reader = new ClientHelloReader();
  let verdict: HelloVerdict = { kind: 'more' };
  for (let at = 0; at < bytes.length && verdict.kind === 'more'; at += pieceSize) {
    verdict = reader.push(bytes.subarray(at, at + pieceSize));
  }
  return verdict;
}

describe('The first message of a TLS client', () => {
  it('names the server, as OpenSSL sends it, whole or byte by byte', async () => {
    const hello = await realHello('index.example');
    expect(read(hello)).toEqual({ kind: 'named', name: 'index.example' });
    expect(read(hello, 1)).toEqual({ kind: 'named', name: 'index.example' });
  });

  it('is read across records, and kept as it came with what is behind it', () => {
    const sent = Buffer.concat([records(message(named('a.example')), 3), Buffer.from('behind')]);
    const reader = new ClientHelloReader();
    expect(reader.push(sent)).toEqual({ kind: 'named', name: 'a.example' });
    expect(reader.bytes).toEqual(sent);
  });

  it('is not judged before it is whole', () => {
    const hello = records(message(named('a.example')));
    for (let length = 0; length < hello.length; length += 1) {
      expect(read(hello.subarray(0, length))).toEqual({ kind: 'more' });
    }
  });

  it.each([
    ['without extensions', message(null)],
    ['without a name', message(extension(16, Buffer.from([0, 0])))],
    [
      'with the name hidden beside one for show',
      message(Buffer.concat([named('a'), extension(0xfe0d, Buffer.alloc(8))])),
    ],
    ['with two names', message(Buffer.concat([named('a'), named('b')]))],
  ])('is refused %s', (_, hello) => {
    expect(read(records(hello))).toMatchObject({ kind: 'refused', reason: 'name_mismatch' });
  });

  it.each([
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['SSH', Buffer.from('SSH-2.0-OpenSSH')],
    ['SSL 2', Buffer.from([0x80, 0x2e, 1, 3, 1])],
    ['another record', Buffer.from([23, 3, 3, 0, 1, 0])],
    ['another message', records(message(named('a'), 2))],
    ['an empty record', Buffer.from([22, 3, 1, 0, 0])],
    ['a record too long', Buffer.from([22, 3, 1, 0xff, 0xff])],
    ['a message too long', records(Buffer.from([1, 0xff, 0xff, 0xff]))],
    ['a name of another kind', records(message(named('a', 1)))],
    ['an empty list of names', records(message(extension(0, sized(Buffer.alloc(0)))))],
    ['a name longer than its extension', records(message(extension(0, Buffer.from([0, 9, 0, 0, 200, 97]))))],
    ['an extension longer than the message', records(message(Buffer.from([0, 0, 0xff, 0xff])))],
  ])('is refused where it is %s', (_, bytes) => {
    expect(read(bytes)).toMatchObject({ kind: 'refused', reason: 'not_tls' });
  });

  it('is read within a bound, however it is cut', () => {
    const long = Buffer.concat([Buffer.from([1, 0, 0xff, 0xff]), Buffer.alloc(70_000)]);
    expect(read(records(long, 1), 7)).toMatchObject({ kind: 'refused', reason: 'not_tls' });
    const justNotTooLong = Buffer.concat([Buffer.from([1, 0, 0x7f, 0]), Buffer.alloc(70_000)]);
    expect(read(records(justNotTooLong, 1), 1).kind).toBe('refused');
  });

  it('comes to a verdict or waits, whatever is sent', async () => {
    const hello = await realHello('index.example');
    const random = new Random(7);
    for (let round = 0; round < 3_000; round += 1) {
      const bytes = Buffer.from(hello);
      for (let change = 0; change < 3; change += 1) bytes[random.below(bytes.length)] = random.below(256);
      expect(['more', 'named', 'refused']).toContain(read(bytes, 1 + random.below(600)).kind);
    }
  });
});
