import { describe, expect, it } from '@jest/globals';
import { parseRun } from '../../../client/run-result.js';
import { runAnswer } from '../../../src/http/run-answer.js';
import { programResult, runResult } from '../../doubles/program-result.js';

describe('parseRun', () => {
  it("understands the runner's own answers", () => {
    const stdout = { data: Buffer.from('ä'), truncated: true };
    const stderr = { data: Buffer.from([0xff]), truncated: false };
    const run = runResult({ outcome: 'signal', exitCode: null, signal: 'SIGSEGV', stdout, stderr });
    const files = { created: ['a'], changed: ['b'], deleted: ['c'], truncated: true };
    const told = {
      ...runAnswer(programResult({ run, build: runResult(), files })),
      queue: { waited_ms: 7 },
      cold: true,
    };
    expect(parseRun(JSON.parse(JSON.stringify(told)))).toMatchObject({
      ...{ outcome: 'signal', exitCode: null, signal: 'SIGSEGV', wallMs: 12, cpuMs: 8, maxRssBytes: 1024 },
      stdout: { text: 'ä', truncated: true },
      stderr: { bytes: new Uint8Array([0xff]), truncated: false },
      build: { outcome: 'ok', exitCode: 0 },
      ...{ created: ['a'], changed: ['b'], deleted: ['c'], filesTruncated: true, waitedMs: 7 },
    });
    expect(parseRun(JSON.parse(JSON.stringify(runAnswer(programResult()))))).toMatchObject({
      build: null,
      waitedMs: null,
    });
  });

  it.each([null, 1, [], {}, { outcome: 1 }])('is null for %j', (value) => {
    expect(parseRun(value)).toBeNull();
  });
});
