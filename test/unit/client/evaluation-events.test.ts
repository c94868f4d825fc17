import { describe, expect, it } from '@jest/globals';
import { readEvaluation } from '../../../client/evaluation-events.js';

function streamOf(...events: (readonly [name: string, data: object])[]): ReadableStream<Uint8Array> {
  const text = events.map(([name, data]) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  return new Blob([': still here\n\n', ...text]).stream();
}

describe('readEvaluation', () => {
  it('puts the cases that were told with the result', async () => {
    const stream = streamOf(
      ['start', {}],
      ['case', { index: 0, name: 'a', passed: true, outcome: 'ok' }],
      ['case', { index: 1, name: 'b', passed: false, outcome: 'runtime_error' }],
      ['result', { passed: false, error: null }],
    );
    expect(await readEvaluation(stream)).toMatchObject({
      passed: false,
      case_results: [
        { name: 'a', passed: true },
        { name: 'b', outcome: 'runtime_error' },
      ],
      error: null,
    });
  });

  it.each([
    ['the error that the runner tells', 'draining', [['error', { error: { code: 'draining', message: 'Later.' } }]]],
    ['a stream that breaks off', 'connection_lost', [['start', {}]]],
    ['a result of something else', 'not_a_runner', [['result', {}]]],
  ] as const)('rejects with %s', async (_name, code, events) => {
    await expect(readEvaluation(streamOf(...events))).rejects.toMatchObject({ code });
  });
});
