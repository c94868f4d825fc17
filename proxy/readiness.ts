/** What a replica's `GET /ready` says of itself, as the proxy reads it. Pure. */
import { z } from 'zod';

export interface Readiness {
  readonly ready: boolean;
  readonly replica: string;
  /** The names whose sessions live there: its own, and those that it has adopted. */
  readonly serves: readonly string[];
  /** How many more sessions it takes. */
  readonly free: number;
}

const name = z.string().regex(/^[a-z0-9-]{1,40}$/);
const readySchema = z.object({
  'ready?': z.boolean(),
  replica: name,
  serves: z.array(name).max(10_000),
  sessions: z.int().nonnegative(),
  max_sessions: z.int().nonnegative(),
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
  const { 'ready?': ready, replica, serves, sessions, max_sessions: maxSessions } = read.data;
  return { ready, replica, serves: [...new Set([replica, ...serves])], free: Math.max(0, maxSessions - sessions) };
}
