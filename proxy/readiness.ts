/** What a replica's `GET /ready` says of itself, as the proxy reads it. Pure. */
import { z } from 'zod';

export interface Readiness {
  readonly ready: boolean;
  readonly replica: string;
  /** The names whose sessions live there: its own, and those that it has adopted. */
  readonly serves: readonly string[];
  /** Sessions that live there. */
  readonly sessions: number;
  /** How many more it takes. */
  readonly free: number;
  /** Sandboxes that wait for a session, of all languages. */
  readonly warm: number;
  /** Processes that want to run on its host, for each core. */
  readonly load: number;
}

const name = z.string().regex(/^[a-z0-9-]{1,40}$/);
const readySchema = z.object({
  'ready?': z.boolean(),
  replica: name,
  serves: z.array(name).max(10_000),
  sessions: z.int().nonnegative(),
  max_sessions: z.int().nonnegative(),
  warm: z.record(z.string().max(100), z.int().nonnegative()),
  // Runners of a version before this field may still be there during an update.
  load: z.number().nonnegative().default(0),
});

/** Null for what no runner answers. */
export function parseReadiness(text: string): Readiness | null {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    return null;
  }
  const read = readySchema.safeParse(given);
  if (!read.success) return null;
  const { 'ready?': ready, replica, serves, sessions, max_sessions: maxSessions, warm, load } = read.data;
  return {
    ready,
    replica,
    serves: [...new Set([replica, ...serves])],
    sessions,
    free: Math.max(0, maxSessions - sessions),
    warm: Object.values(warm).reduce((sum, count) => sum + count, 0),
    load,
  };
}
