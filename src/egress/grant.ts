/**
 * What a runner leaves with a sandbox's agent about its way out, so that a successor can go on with it: the names, and a seal
 * over them and the session's id. Sandboxed code may read it and bring it back changed; without the key that is worth nothing.
 * Pure.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

const grantSchema = z.strictObject({ names: z.array(z.string().max(300)).max(1000), seal: z.string().max(64) });

/** Null without a key: then no successor goes on. */
export function writeGrant(key: string | null, sessionId: string, names: readonly string[]): string | null {
  if (key === null) return null;
  return JSON.stringify({ names, seal: seal(key, sessionId, names) });
}

/** The names, or none where it is not one that a holder of the key has written for this session. */
export function readGrant(key: string | null, sessionId: string, grant: string | null): readonly string[] {
  if (key === null || grant === null) return [];
  const read = grantSchema.safeParse(parsed(grant));
  if (!read.success) return [];
  const { names, seal: found } = read.data;
  const [wanted, given] = [seal(key, sessionId, names), found].map((text) => Buffer.from(text));
  if (wanted === undefined || given?.length !== wanted.length) return [];
  return timingSafeEqual(wanted, given) ? names : [];
}

function seal(key: string, sessionId: string, names: readonly string[]): string {
  return createHmac('sha256', key)
    .update(JSON.stringify(['repl_runner egress', sessionId, ...names]))
    .digest('hex');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
