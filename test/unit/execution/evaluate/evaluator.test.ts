import { describe, expect, it } from '@jest/globals';
import { frameTypes } from '../../../../src/agent/frame.js';
import type { Evaluation } from '../../../../src/execution/evaluate/evaluation.js';
import { Evaluator } from '../../../../src/execution/evaluate/evaluator.js';
import { OneShots } from '../../../../src/execution/one-shots.js';
import type { Language } from '../../../../src/language/language.js';
import { fakeLanguage, FakeWarmSandbox } from '../../../doubles/fake-warm-sandbox.js';
import { settled } from '../../../doubles/settled.js';
import { spawnAnswer } from '../../../doubles/spawn-answer.js';

const language: Language = {
  ...fakeLanguage,
  run: { file: 'main.py', build: null, argv: ['python3', '{file}'] },
  evaluate: ['python3', 'evaluate.py'],
};
const limits = { wallMs: 1_000, cpuMs: 1_000, memoryBytes: null, outputBytes: 1_000 };
const evaluation: Evaluation = {
  subject: {
    kind: 'program',
    code: null,
    file: null,
    cases: [{ name: null, limits, input: '', expected: '' }],
  },
  judge: { kind: 'checker', code: '...', entryPoint: 'check' },
  env: {},
  totalMs: 60_000,
};

/** The first sandbox is the program's, which ends well at once; the second is the checker's, which runs until it is killed. */
function staged() {
  const [program, checker] = [new FakeWarmSandbox(1), new FakeWarmSandbox(2)];
  program.agent.answers.spawn = () => spawnAnswer();
  checker.agent.answers.spawn = () => null;
  checker.agent.answers.kill = () => {
    const [spawned] = checker.agent.requests.filter(({ op }) => op === 'spawn');
    checker.agent.sendJson(frameTypes.response, { ...spawnAnswer({ ended_by: 'killed' }), id: spawned?.id });
    return {};
  };
  const free = [program, checker];
  const pools = {
    language: () => language,
    claim: () => {
      const warm = free.shift();
      return warm === undefined ? Promise.reject(new Error('none')) : Promise.resolve({ warm, cold: false, waitMs: 0 });
    },
  };
  const options = { places: 2, maxWaiting: 0, maxWaitMs: 1_000, now: () => 0 };
  const oneShots = new OneShots(pools, options, { onDestroyFailed: () => undefined });
  return { oneShots, evaluator: new Evaluator(oneShots), checker };
}

describe('Evaluator', () => {
  it('tells of its start while a checker has judged nothing yet', async () => {
    const { oneShots, evaluator, checker } = staged();
    const heard: string[] = [];
    const listener = { onStart: () => heard.push('start'), onResult: () => heard.push('result') };
    const request = { key: 'anybody', language: 'python', entries: [], limits: {}, evaluation };
    const ended = expect(evaluator.once(request, new AbortController().signal, listener)).rejects.toThrow();
    await settled();
    expect(checker.agent.requests.map(({ op }) => op)).toEqual(['spawn']);
    expect(heard).toEqual(['start']);
    await Promise.all([ended, oneShots.stop()]);
  });

  it('tells of the start of one in a session once that lends its sandbox', async () => {
    const { oneShots, evaluator } = staged();
    const refused = new Error('it has ended');
    const session = { language: 'python', use: () => Promise.reject(refused) };
    const { connection, agent } = new FakeWarmSandbox(3);
    agent.answers.spawn = () => spawnAnswer();
    const lending = { language: 'python', use: <T>(work: (lent: typeof connection) => Promise<T>) => work(connection) };
    const compared: Evaluation = { ...evaluation, judge: { kind: 'comparison', comparison: { mode: 'exact' } } };
    const heard: string[] = [];
    const listener = { onStart: () => heard.push('start'), onResult: () => heard.push('result') };
    const { signal } = new AbortController();
    await expect(evaluator.within(session, compared, signal, listener)).rejects.toBe(refused);
    expect(heard).toEqual([]);
    await evaluator.within(lending, compared, signal, listener);
    expect(heard).toEqual(['start', 'result']);
    connection.close('the test is over');
    await oneShots.stop();
  });

  it('ends a checker when its sandbox is called back', async () => {
    const { oneShots, evaluator, checker } = staged();
    const request = { key: '', language: 'python', entries: [], limits: {}, evaluation };
    const ended = expect(evaluator.once(request, new AbortController().signal)).rejects.toMatchObject({
      code: 'draining',
    });
    await settled();
    expect(checker.agent.requests.map(({ op }) => op)).toEqual(['spawn']);
    const stopped = oneShots.stop();
    await settled();
    expect(checker.agent.requests.map(({ op }) => op)).toEqual(['spawn', 'kill']);
    await Promise.all([ended, stopped]);
  });
});
