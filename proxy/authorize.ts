/** Asks the host app whether somebody may do something, within a bound. */
import type { IncomingMessage } from 'node:http';
import { ProxyError } from './proxy-error.js';

export type Verdict = 'allowed' | 'unauthorized' | 'forbidden';

export interface Question {
  /** The session's id as the client gave it, which may also be its view id; null when a session is to be started. */
  readonly id: string | null;
  /** `start` a session, `call` under its id (the request's method says more), or `attach` a terminal. */
  readonly action: 'start' | 'call' | 'attach';
}

export interface Decision {
  readonly verdict: Verdict;
  /** Whom a start counts for: a user, say, in place of the address that it came from. */
  readonly client?: string;
  /** Whether the request may ask for a way out (docs/egress.md); absent, it may not. */
  readonly egress?: boolean;
}

/** What an allowed request may, beside that. */
export interface Permission {
  readonly client: string | null;
  readonly egress: boolean;
}

/** The host app's decision. What it throws, and what it does not answer in time, lets nobody in. */
export type Authorize = (request: IncomingMessage, question: Question) => Answer | Promise<Answer>;

type Answer = Verdict | Decision;

/** Throws ProxyError `unauthorized`, `forbidden`, or `internal` when there is no decision. */
export async function assertAuthorized(
  authorize: Authorize,
  request: IncomingMessage,
  question: Question,
  timeoutMs: number,
): Promise<Permission> {
  const answer = await decide(() => authorize(request, question), timeoutMs);
  const decision: Decision = typeof answer === 'string' ? { verdict: answer } : answer;
  const { verdict, client = null, egress = false } = decision;
  if (verdict === 'allowed') return { client, egress };
  if (verdict === 'unauthorized') throw new ProxyError('unauthorized', 'This needs somebody who is signed in.');
  throw new ProxyError('forbidden', 'This is not allowed.');
}

async function decide(ask: () => Answer | Promise<Answer>, timeoutMs: number): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`authorize does not answer within ${timeoutMs} ms`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([Promise.resolve().then(ask), late]);
  } catch (error) {
    throw new ProxyError('internal', 'Whether this is allowed cannot be told at the moment.', { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
