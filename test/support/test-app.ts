/** The HTTP application around sessions in memory, with small bounds and its log lines kept. */
import { createApp } from '../../src/http/app.js';
import type { AppParts } from '../../src/http/app-parts.js';
import type { OnceRequest } from '../../src/execution/run-once.js';
import { ApiKeys } from '../../src/http/api-keys.js';
import { createLogger } from '../../src/logger.js';
import { Metrics } from '../../src/metrics.js';
import { defaultLimits } from '../../src/sandbox/limits.js';
import { fakeLanguage } from '../doubles/fake-warm-sandbox.js';
import { programResult } from '../doubles/program-result.js';
import { FakeEvaluator } from '../doubles/fake-evaluator.js';
import { MemorySessions } from '../doubles/memory-sessions.js';

export const maxBodyBytes = 1024 * 1024;

type TestConfig = Partial<AppParts['config']> & { apiToken?: string | null };

export function testParts({ apiToken = null, ...config }: TestConfig = {}) {
  const sessions = new MemorySessions();
  const evaluator = new FakeEvaluator();
  const log: string[] = [];
  const once: OnceRequest[] = [];
  const stream = { write: (line: string) => void log.push(line) };
  const parts: AppParts = {
    sessions,
    evaluator,
    languages: [{ name: 'python', title: 'Python', version: 'Python 3.13.5' }],
    config: {
      replica: 'test',
      allowedOrigins: [],
      maxLimits: defaultLimits,
      maxBodyBytes,
      runs: {
        ...{ max: 4, maxWaiting: 10, maxWaitMs: 1_000 },
        ...{ wallMs: 10_000, maxWallMs: 60_000, maxOutputBytes: 2 * 1024 * 1024 },
      },
      workspaceBounds: { unpackedBytes: 2 * 1024 * 1024, entries: 100, depth: 32 },
      egress: { entries: [], pipIndex: null, key: null, maxConnections: 4, maxBytes: 1024 * 1024 },
      ...config,
    },
    keys: new ApiKeys(apiToken === null ? [] : [{ name: 'web', key: apiToken }]),
    drain: () => {
      sessions.refusal = 'draining';
    },
    metrics: new Metrics(),
    logger: createLogger({ level: 'info', replica: 'test', stream }),
    sha: 'abc123',
    runOnce: async (request) => {
      once.push(request);
      await request.onStart?.({ language: fakeLanguage, waitedMs: 3, cold: false });
      return { ...programResult(), waitedMs: 3, cold: false };
    },
    runLoad: () => ({ active: 1, waiting: 2, max: 4, waitMs: 50 }),
  };
  return { parts, sessions, evaluator, log, once };
}

export function testApp(config: TestConfig = {}) {
  const { parts, ...rest } = testParts(config);
  return { app: createApp(parts), ...rest };
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A supertest answer whose body is not `any`. */
export async function answered(sent: PromiseLike<Answer>): Promise<Answer> {
  return await sent;
}
