/** A session as the runner describes it, and the way from its JSON. Pure. */
import type { TerminalExit } from './protocol.js';
import { asRecord } from './record.js';

export interface SessionInfo {
  /** The key to the session: whoever knows it may type. Null in answers to a view id. */
  readonly id: string | null;
  /** A second id that can only watch. */
  readonly viewId: string;
  readonly language: string;
  readonly state: 'starting' | 'running' | 'exited' | 'ended';
  readonly createdAt: Date;
  /** When it ends if nothing more happens. */
  readonly expiresAt: Date;
  readonly exit: TerminalExit | null;
  /** Whether it did not come from the warm pool. */
  readonly cold: boolean;
  /** The names that its programs may reach. */
  readonly egress: readonly string[];
}

/** A session that this client owns: its id is known. */
export type OwnedSession = SessionInfo & { readonly id: string };

const idShape = /^[A-Za-z0-9.-]{1,200}$/;
const states = ['starting', 'running', 'exited', 'ended'] as const;

const isId = (value: unknown): value is string => typeof value === 'string' && idShape.test(value);

/** null where it is not what a runner answers. */
export function parseSession(value: unknown): SessionInfo | null {
  const fields = asRecord(value);
  if (fields === null) return null;
  const { id = null, view_id: viewId, language, state: given } = fields;
  const state = states.find((known) => known === given);
  if ((id !== null && !isId(id)) || !isId(viewId) || typeof language !== 'string' || state === undefined) return null;
  return {
    id,
    viewId,
    language,
    state,
    createdAt: new Date(String(fields.created_at)),
    expiresAt: new Date(String(fields.expires_at)),
    exit: exitOf(fields.exit),
    cold: asRecord(fields.started)?.cold === true,
    egress: Array.isArray(fields.egress) ? fields.egress.map(String) : [],
  };
}

/** null also for one that says no id. */
export function parseOwnedSession(value: unknown): OwnedSession | null {
  const session = parseSession(value);
  if (session === null) return null;
  const { id } = session;
  return id === null ? null : { ...session, id };
}

function exitOf(value: unknown): TerminalExit | null {
  const fields = asRecord(value);
  if (fields === null) return null;
  const { outcome, exit_code: exitCode, signal } = fields;
  return {
    outcome: typeof outcome === 'string' ? outcome : 'infrastructure',
    exitCode: typeof exitCode === 'number' ? exitCode : null,
    signal: typeof signal === 'string' ? signal : null,
  };
}
