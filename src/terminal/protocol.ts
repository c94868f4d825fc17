/**
 * The words of the websocket: subprotocol, control messages and close codes. Pure; docs/protocol.md is tested against it.
 */
import { z } from 'zod';
import { sessionSignals } from '../session/start-request.js';

export const subprotocol = 'repl.v1';
/** The same as none, for clients that have to be answered with one, since they offer an attach token. */
export const rawSubprotocol = 'repl.raw';
/** Largest message that a client may send; AttachAddon sends a paste as one. */
export const maxInboundBytes = 1024 * 1024;

export const closeCodes = {
  exited: 4000,
  taken_over: 4001,
  deleted: 4002,
  malformed: 4400,
  unauthorized: 4401,
  forbidden: 4403,
  unknown: 4404,
  expired: 4408,
  gone: 4410,
  sandbox_lost: 4500,
  draining: 1012,
  not_yet: 1013,
} as const;
export type CloseReason = keyof typeof closeCodes;

const dimension = z.number().int().min(1).max(1000);
const offset = z.number().int().nonnegative();

export const clientMessageSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('resize'), cols: dimension, rows: dimension }),
  z.strictObject({ type: z.literal('ack'), offset }),
  z.strictObject({ type: z.literal('signal'), name: z.enum(sessionSignals) }),
  z.strictObject({ type: z.literal('ping'), t: z.number() }),
]);
export type ClientMessage = z.infer<typeof clientMessageSchema>;

export type ServerMessage =
  | { type: 'hello'; epoch: string; offset: number; cols: number; rows: number; role: 'owner' | 'viewer' }
  | { type: 'replayed'; offset: number }
  | { type: 'reset'; offset: number }
  | { type: 'restarted'; offset: number }
  | { type: 'resized'; cols: number; rows: number }
  | { type: 'warning'; reason: string; seconds: number }
  | { type: 'exit'; outcome: string; exit_code: number | null; signal: string | null }
  | { type: 'pong'; t: number };

/** A client's text frame, or null where it is no control message. */
export function parseClientMessage(text: string): ClientMessage | null {
  try {
    return clientMessageSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
