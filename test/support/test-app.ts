/** The HTTP application around sessions in memory, with small bounds and its log lines kept. */
import { createApp } from '../../src/http/app.js';
import type { AppParts } from '../../src/http/app-parts.js';
import { createLogger } from '../../src/logger.js';
import { Metrics } from '../../src/metrics.js';
import { defaultLimits } from '../../src/sandbox/limits.js';
import { MemorySessions } from '../doubles/memory-sessions.js';

export const maxBodyBytes = 1024 * 1024;

export function testParts(config: Partial<AppParts['config']> = {}) {
  const sessions = new MemorySessions();
  const log: string[] = [];
  const stream = { write: (line: string) => void log.push(line) };
  const parts: AppParts = {
    sessions,
    languages: [{ name: 'python', title: 'Python', version: 'Python 3.13.5' }],
    config: {
      replica: 'test',
      apiToken: null,
      allowedOrigins: [],
      maxLimits: defaultLimits,
      maxBodyBytes,
      workspaceBounds: { unpackedBytes: 2 * 1024 * 1024, entries: 100, depth: 32 },
      ...config,
    },
    metrics: new Metrics(),
    logger: createLogger({ level: 'info', replica: 'test', stream }),
    sha: 'abc123',
  };
  return { parts, sessions, log };
}

export function testApp(config: Partial<AppParts['config']> = {}) {
  const { parts, sessions, log } = testParts(config);
  return { app: createApp(parts), sessions, log };
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
