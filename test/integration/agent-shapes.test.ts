/** Requests that have not the shape of one, to the real agent: each ends the sandbox with a protocol error, and with no other. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { encodeFrame, frameTypes } from '../../src/agent/frame.js';
import { HostileRunner } from '../fuzz/hostile-runner.js';

const whole = { argv: ['true'], env: {}, channels: { stdout: 1, stderr: 2 }, credit: 0 };

describe('the agent and a request of another shape', () => {
  let runner: HostileRunner | null = null;
  const sent = async (...requests: string[]): Promise<boolean> => {
    runner = new HostileRunner();
    await runner.sync();
    for (const request of requests) runner.send(encodeFrame(frameTypes.request, Buffer.from(request)));
    return await runner.survived(false);
  };
  afterEach(async () => {
    await runner?.end();
  });

  it.each([
    ['nested beyond what Python reads', `${'['.repeat(3000)}${']'.repeat(3000)}`],
    ['with a number that JSON has not', '{"id":1,"op":"resize","cols":NaN,"rows":1}'],
    ['that is a list', '[1]'],
    ['with a path that is none', '{"id":1,"op":"rename","path":"a","to":["b"],"overwrite":true}'],
    ['with a path of half a character', '{"id":1,"op":"remove","path":"\\ud800"}'],
    [
      'without a number of entries',
      '{"id":1,"op":"list","path":"","recursive":true,"max_entries":null,"channel":1,"credit":1}',
    ],
    ['with credit that is a text', '{"id":1,"op":"pack","channel":1,"credit":"1","max_bytes":1}'],
    ['for an unknown signal', '{"id":1,"op":"signal","name":"Signals"}'],
    [
      'with a channel beyond its bound',
      JSON.stringify({ id: 1, op: 'spawn', ...whole, channels: { stdout: 2 ** 32, stderr: 2 } }),
    ],
    ['with an argument that is a number', JSON.stringify({ id: 1, op: 'spawn', ...whole, argv: ['true', 1] })],
    ['with a limit that is a text', JSON.stringify({ id: 1, op: 'spawn', ...whole, limits: { wall_ms: '1' } })],
  ])('ends over one %s', async (_name, request) => {
    expect(await sent(request)).toBe(false);
  });

  it('ends over a channel that is opened twice', async () => {
    const write = (id: number): string => JSON.stringify({ id, op: 'write', path: 'a', executable: null, channel: 1 });
    expect(await sent(write(1), write(2))).toBe(false);
  });

  it('goes on after a request that it does not know', async () => {
    expect(await sent('{"id":1,"op":"dance"}')).toBe(true);
  });
});
