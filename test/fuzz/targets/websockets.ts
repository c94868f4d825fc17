/**
 * Upgrades to terminals and what comes on them: headers, frames whole and damaged, control messages. A socket is refused, or
 * closes with a code of the protocol, and the session of its neighbour goes on.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { frameTypes } from '../../../src/agent/frame.js';
import { closeCodes } from '../../../src/terminal/protocol.js';
import { attachTokenPrefix, attachVerdict } from '../../../src/terminal/attach-token.js';
import { TerminalUpgrade } from '../../../src/terminal/upgrade.js';
import { DoubleSessions, type DoubleSession } from '../../doubles/double-sessions.js';
import { untilEqual } from '../../support/until-equal.js';
import type { Random } from '../../support/random.js';
import { must, type OpenTarget } from '../fuzz-target.js';
import { inPieces, mutatedBytes } from '../mutate-bytes.js';
import { mutatedJson } from '../mutate-json.js';
import { exchanged, parserStatuses, mutatedRequest, requestBytes, type RawRequest } from '../raw-http.js';

const sessionName = 'live-session';
/** Of ws itself; 1011 would be an error of ours. */
const ownCodes = [1000, 1001, 1002, 1003, 1005, 1007, 1008, 1009, 1010, 1013];
const told = ['hello', 'replayed', 'reset', 'restarted', 'resized', 'warning', 'exit', 'pong'];
const refusals = [...parserStatuses, 401, 404, 405, 426];
const messages = [
  { type: 'resize', cols: 100, rows: 30 },
  { type: 'ack', offset: 3 },
  { type: 'signal', name: 'SIGINT' },
  { type: 'ping', t: 1.5 },
];
const opcodes = [0, 1, 1, 1, 2, 2, 3, 8, 9, 10, 11, 15];

const upgrade = (query: string, protocol: readonly [string, string][]): RawRequest => ({
  method: 'GET',
  target: `/repl/${sessionName}${query}`,
  headers: [
    ...([
      ['Host', 'runner.example'],
      ['Connection', 'Upgrade'],
      ['Upgrade', 'websocket'],
    ] as const),
    ...([
      ['Sec-WebSocket-Version', '13'],
      ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
    ] as const),
    ...protocol,
  ],
  body: Buffer.alloc(0),
});
const attachSecret = 'a secret that signs attach tokens';
const controlled: [string, string][] = [['Sec-WebSocket-Protocol', 'repl.v1']];
const withToken: [string, string][] = [
  ['Sec-WebSocket-Protocol', `repl.v1, ${attachTokenPrefix}viewer.4102444800.${'A'.repeat(43)}`],
];
const upgrades = [
  upgrade('?cols=80&rows=24', []),
  upgrade('?epoch=00000000-0000-4000-8000-000000000000&offset=3', controlled),
  upgrade('', controlled),
  upgrade('', withToken),
];

export async function openWebsockets(): Promise<OpenTarget> {
  const stage = new DoubleSessions();
  const server = createServer((_request, response) => response.writeHead(426).end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const nobody = (): void => undefined;
  const sockets = new TerminalUpgrade(server, {
    sessions: stage.sessions,
    authorized: () => true,
    originAllowed: () => true,
    attachVerdict: ({ headers }, id) => {
      const subprotocols = headers['sec-websocket-protocol'];
      return attachVerdict({ id, subprotocols }, { secrets: [attachSecret], required: false }, Date.now());
    },
    listener: { onAttached: () => nobody, onRefused: nobody, onClosing: nobody, onBytes: nobody },
  });
  const address = { port: (server.address() as AddressInfo).port, host: '127.0.0.1' };
  let live = await begin(stage);
  const send = (bytes: readonly Buffer[]): Promise<string> =>
    exchanged(
      address,
      bytes.map((piece) => Buffer.from(piece.toString('latin1').replaceAll(sessionName, live.session.id), 'latin1')),
    );
  return {
    play: async (random: Random) => {
      judge(await send(inPieces(random, made(random))));
      grantInput(live);
    },
    check: async () => {
      await untilEqual(() => Promise.resolve(sockets.openSockets), 0);
      must(
        !live.session.attachments.owner && live.session.attachments.viewers === 0,
        () => 'somebody is still attached',
      );
      const text = await send([requestBytes(upgrade('', controlled))]);
      must(
        text.includes('"type":"hello"') && text.includes('>>> '),
        () => `a good client is told ${JSON.stringify(text)}`,
      );
      await live.session.end('deleted');
      live = await begin(stage);
    },
    close: async () => {
      await stage.stop();
      sockets.close();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}

async function begin(stage: DoubleSessions): Promise<DoubleSession> {
  const begun = await stage.start();
  begun.warm.agent.output(0, Buffer.from('>>> '));
  return begun;
}

/** The program takes all that is typed. */
function grantInput({ warm }: DoubleSession): void {
  const credit = Buffer.alloc(8);
  credit.writeUInt32BE(65_536, 4);
  for (let count = 0; count < 4; count += 1) warm.agent.send(frameTypes.credit, credit);
  warm.agent.frames.length = 0;
}

function made(random: Random): Buffer {
  const head = random.percent(15) ? mutatedRequest(random, upgrades) : requestBytes(random.pick(upgrades));
  const frames: Buffer[] = [];
  for (let count = random.below(5); count > 0; count -= 1) frames.push(frameOf(random));
  const rest = Buffer.concat(frames);
  return Buffer.concat([head, random.percent(80) || rest.length === 0 ? rest : mutatedBytes(random, [rest])]);
}

function frameOf(random: Random): Buffer {
  const opcode = random.pick(opcodes);
  const text = opcode === 1 || random.percent(10);
  const payload = text
    ? Buffer.from(mutatedJson(random, messages))
    : mutatedBytes(random, [Buffer.from('print(1)\r\x03\x1b[A')]);
  const key = Buffer.from([random.below(256), random.below(256), 3, 4]);
  const masked = payload.map((byte, at) => byte ^ (key[at & 3] ?? 0));
  const first = (random.percent(85) ? 0x80 : 0) | (random.percent(4) ? 0x40 : 0) | opcode;
  const mask = random.percent(96) ? 0x80 : 0;
  return Buffer.concat([
    Buffer.from([first]),
    lengthOf(payload.length, mask),
    mask === 0 ? Buffer.alloc(0) : key,
    masked,
  ]);
}

function lengthOf(length: number, mask: number): Buffer {
  if (length < 126) return Buffer.from([mask | length]);
  const bytes = Buffer.alloc(length < 65_536 ? 3 : 9);
  bytes[0] = mask | (length < 65_536 ? 126 : 127);
  bytes.writeUIntBE(length, bytes.length - (length < 65_536 ? 2 : 6), length < 65_536 ? 2 : 6);
  return bytes;
}

const informed = /^HTTP\/1\.1 100 Continue\r\n\r\n/;

function judge(received: string): void {
  const all = received.replace(informed, '');
  const bytes = Buffer.from(all, 'latin1');
  const [, status = ''] = /^HTTP\/1\.1 (\d{3}) /.exec(all) ?? [];
  must(all === '' || status !== '', () => `no answer of HTTP: ${all.slice(0, 200)}`);
  if (status !== '101') {
    must(status === '' || refusals.includes(Number(status)), () => all.slice(0, 300));
    return;
  }
  let at = bytes.indexOf('\r\n\r\n') + 4;
  while (at + 2 <= bytes.length) {
    const opcode = bytes.readUInt8(at) & 15;
    const short = bytes.readUInt8(at + 1) & 127;
    const start = at + (short === 126 ? 4 : short === 127 ? 10 : 2);
    const length =
      short === 126 ? bytes.readUInt16BE(at + 2) : short === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : short;
    judgeFrame(opcode, bytes.subarray(start, start + length));
    at = start + length;
  }
}

function judgeFrame(opcode: number, payload: Buffer): void {
  if (opcode === 1) {
    const { type } = JSON.parse(payload.toString()) as { type: string };
    must(told.includes(type), () => `a message ${type}`);
  } else if (opcode === 8 && payload.length >= 2) {
    const code = payload.readUInt16BE(0);
    const known: readonly number[] = [...Object.values(closeCodes), ...ownCodes];
    // A client's own code comes back to it.
    must(code !== 1011 && (known.includes(code) || (code >= 3000 && code < 5000)), () => `closed with ${code}`);
  }
}
