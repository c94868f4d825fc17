/** One look at a replica: asks for its `/ready`, within a bound on time and size. */
import { exchange } from './exchange.js';
import { parseReadiness, type Readiness } from './readiness.js';

/** More than any replica says of itself. */
const maxAnswerBytes = 1024 * 1024;

/** Null when there is no answer in time, or none of a runner. */
export async function probe(url: string, timeoutMs: number, closed: AbortSignal): Promise<Readiness | null> {
  const ended = new AbortController();
  const stop = (): void => {
    ended.abort();
  };
  const timer = setTimeout(stop, timeoutMs);
  closed.addEventListener('abort', stop);
  try {
    const call = { method: 'GET', path: '/ready', headers: {}, body: null };
    const answer = await exchange(url, call, { connectTimeoutMs: timeoutMs, signal: ended.signal });
    let text = '';
    answer.setEncoding('utf8');
    for await (const piece of answer) {
      text += String(piece);
      if (text.length > maxAnswerBytes) return null;
    }
    return parseReadiness(text);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
    closed.removeEventListener('abort', stop);
    stop();
  }
}
