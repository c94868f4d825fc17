/** Waits for something that must come: rejects with what was waited for when it does not. */
import { patienceMs } from '../support/patience.js';

export async function within<T>(what: string | (() => string), promise: Promise<T>, waitMs = patienceMs): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no ${typeof what === 'string' ? what : what()} within ${waitMs} ms`));
    }, waitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
