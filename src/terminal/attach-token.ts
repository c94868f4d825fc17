/**
 * Attach tokens: what a host app signs so that a browser may open one terminal, in one role, for a short time, without
 * being told the session's own id. Docs/protocol.md has the format. Pure; it knows no session, and keeps nothing of a token.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

export type AttachRole = 'owner' | 'viewer';

export interface AttachTokenRules {
  /** Each may have signed; none where no tokens are taken. */
  readonly secrets: readonly string[];
  /** Whether an id by itself opens nothing. */
  readonly required: boolean;
}

/** What the client may; the role is null where its id decides. */
export type AttachVerdict =
  | { readonly kind: 'allowed'; readonly role: AttachRole | null }
  | { readonly kind: 'refused'; readonly message: string };

/** A token is offered as a subprotocol with this before it: a browser can send no header, and addresses get logged. */
export const attachTokenPrefix = 'repl.attach.';

/** How far the clock of whoever signed may be behind, in seconds. */
const clockToleranceSeconds = 30;
/** A token that is valid for longer is none that lives shortly; it may also say milliseconds. */
const maxSecondsAhead = 86_400;

/** `<role>.<when it expires, in seconds since 1970>.<HMAC-SHA256 in base64url>` */
const shape = /^(owner|viewer)\.([1-9]\d{0,14})\.([A-Za-z0-9_-]{43})$/;

/** @param attach.id the id in the path; `attach.subprotocols` the text of the header, if any */
export function attachVerdict(
  { id, subprotocols }: { readonly id: string; readonly subprotocols: string | undefined },
  { secrets, required }: AttachTokenRules,
  nowMs: number,
): AttachVerdict {
  const offered = (subprotocols ?? '').split(',').map((name) => name.trim());
  const tokens = offered.filter((name) => name.startsWith(attachTokenPrefix));
  const [token] = tokens;
  if (token === undefined) {
    return required ? refused('This terminal needs an attach token.') : { kind: 'allowed', role: null };
  }
  if (secrets.length === 0) return refused('This runner takes no attach tokens.');
  const [, role, expires, signature] = shape.exec(token.slice(attachTokenPrefix.length)) ?? [];
  const signed = role !== undefined && expires !== undefined && signature !== undefined && tokens.length === 1;
  if (!signed || !isSigned({ id, role, expires, signature }, secrets)) {
    return refused('The attach token is not for this terminal.');
  }
  const secondsLeft = Number(expires) - nowMs / 1000;
  if (secondsLeft < -clockToleranceSeconds) return refused('The attach token has expired.');
  if (secondsLeft > maxSecondsAhead + clockToleranceSeconds) return refused('The attach token is valid for too long.');
  return { kind: 'allowed', role: role === 'owner' ? 'owner' : 'viewer' };
}

/** Takes the same time for every wrong signature, and whichever secret has made a right one. */
function isSigned(
  { id, role, expires, signature }: Readonly<Record<'id' | 'role' | 'expires' | 'signature', string>>,
  secrets: readonly string[],
): boolean {
  const given = Buffer.from(signature, 'latin1');
  let found = false;
  for (const secret of secrets) {
    const text = `repl.attach.v1\n${id}\n${role}\n${expires}`;
    const expected = Buffer.from(createHmac('sha256', secret).update(text).digest('base64url'), 'latin1');
    if (timingSafeEqual(expected, given)) found = true;
  }
  return found;
}

function refused(message: string): AttachVerdict {
  return { kind: 'refused', message };
}
