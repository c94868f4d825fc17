/**
 * Attacks by an agent whose interpreter was taken over: the host writes into its output what such an agent could say
 * (programs/forge.py). The runner may lose this session, and nothing else.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { encodeFrame, frameTypes, type FrameType } from '../../../src/agent/frame.js';
import { patienceMs } from '../../support/patience.js';
import type { Attack, Door } from '../attack.js';

const forger = fileURLToPath(new URL('../programs/forge.py', import.meta.url));

/** Has the agent say these octets; then says what has become of the session. */
function forged(octets: () => Buffer): Door {
  return async (scene) => {
    const terminal = await scene.terminal();
    await new Promise<void>((resolve, reject) => {
      const child = execFile('python3', [forger, scene.agent?.pid ?? ''], { timeout: patienceMs }, (error) => {
        if (error === null) resolve();
        else reject(new Error(error.message));
      });
      child.stdin?.end(octets().toString('hex'));
    });
    const { status, body } = await scene.call('POST', '/run', { argv: ['echo', 'still here'] });
    terminal.socket.terminate();
    if (status === 200) return (body as { outcome: string }).outcome;
    return status === 410 ? 'the session has ended' : `BROKEN: ${status}`;
  };
}

const frame = (type: FrameType, ...parts: Buffer[]): Buffer => encodeFrame(type, ...parts);
const json = (value: unknown): Buffer => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const u32 = (value: number): Buffer =>
  Buffer.from([value >>> 24, value >>> 16, value >>> 8, value].map((octet) => octet & 255));
const u64 = (value: bigint): Buffer => {
  const octets = Buffer.alloc(8);
  octets.writeBigUInt64BE(value);
  return octets;
};
const many = (count: number, piece: Buffer): Buffer => Buffer.concat(Array<Buffer>(count).fill(piece));
const damaged = (): Buffer => {
  const octets = frame(frameTypes.pong);
  octets.writeUInt8(octets.readUInt8(octets.length - 1) ^ 1, octets.length - 1);
  return octets;
};
const text = Buffer.alloc(60_000, 'x');
const nested = '['.repeat(30_000) + ']'.repeat(30_000);
const sessionEnds = /^(the session has ended|infrastructure)$/;
const either = /^(the session has ended|infrastructure|ok)$/;

function forgery(name: string, expected: RegExp, octets: () => Buffer): Attack {
  return { name: `a subverted agent: ${name}`, door: forged(octets), expected, needsRoot: true };
}

export const agentAttacks: readonly Attack[] = [
  forgery('noise', sessionEnds, () => Buffer.alloc(100_000, 0x9f)),
  forgery('a damaged frame', sessionEnds, damaged),
  forgery('a frame of 4 GiB', sessionEnds, () => Buffer.concat([Buffer.from([frameTypes.output]), u32(0xffffffff)])),
  forgery('frames that only a runner sends', sessionEnds, () => frame(frameTypes.request, json({ id: 1, op: 'x' }))),
  forgery('a million answers to nothing', either, () =>
    many(20_000, frame(frameTypes.response, json({ id: 2 ** 40 }))),
  ),
  forgery('answers of the wrong shape', either, () =>
    Buffer.concat(
      ['null', '[]', '7', '{"id":"x"}', '{"id":-1}', '{"__proto__":{"id":1}}', '{'].map((value) =>
        frame(frameTypes.response, json(value)),
      ),
    ),
  ),
  forgery('an answer nested without end', either, () => frame(frameTypes.response, json(nested))),
  forgery('an exit that never was', either, () =>
    frame(
      frameTypes.event,
      json({ event: 'exit', offset: -1, outcome: '<script>', exit_code: 'x'.repeat(10_000), signal: {} }),
    ),
  ),
  forgery('exits in a row', either, () =>
    many(5_000, frame(frameTypes.event, json({ event: 'exit', offset: 0, outcome: 'ok', exit_code: 0, signal: null }))),
  ),
  forgery('output from a future offset', either, () => frame(frameTypes.output, u64(2n ** 63n), text)),
  forgery('output from the past', either, () => frame(frameTypes.output, u64(0n), text)),
  forgery('output that nobody asked for', either, () => {
    const pieces = Array.from({ length: 800 }, (_, at) =>
      frame(frameTypes.output, u64(BigInt(at * text.length)), text),
    );
    return Buffer.concat(pieces);
  }),
  forgery('credit without end', either, () => many(2_000, frame(frameTypes.credit, u32(0), u32(0xffffffff)))),
  forgery('data on channels that are not there', either, () => many(500, frame(frameTypes.data, u32(77), text))),
  forgery('ends of channels that are not there', either, () => many(20_000, frame(frameTypes.end, u32(0)))),
  forgery('a synchronisation that nobody began', either, () => frame(frameTypes.synced, Buffer.alloc(16, 7), json({}))),
  forgery('that it is held by another', either, () =>
    frame(frameTypes.denied, Buffer.alloc(16, 7), json({ holder: 'x' })),
  ),
];
