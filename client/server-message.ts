/** The text frames of a repl.v1 websocket as a client reads them. Pure; unknown types are passed over, for newer runners. */
import { z } from 'zod';

const offset = z.number().int().nonnegative();

const serverMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('hello'), epoch: z.string(), offset }),
  z.object({ type: z.literal('replayed'), offset }),
  z.object({ type: z.literal('reset'), offset }),
  z.object({ type: z.literal('restarted'), offset }),
  z.object({ type: z.literal('warning'), reason: z.string(), seconds: z.number() }),
  z.object({ type: z.literal('exit'), exit_code: z.number().int().nullable(), signal: z.string().nullable() }),
]);
export type HeardMessage = z.infer<typeof serverMessageSchema>;

const closeReasonSchema = z.object({ message: z.string() });

/** null for what this client has no use for. */
export function parseServerMessage(text: string): HeardMessage | null {
  try {
    return serverMessageSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** The sentence in the reason of a close frame, or null. */
export function parseCloseReason(text: string): string | null {
  try {
    return closeReasonSchema.safeParse(JSON.parse(text)).data?.message ?? null;
  } catch {
    return null;
  }
}
