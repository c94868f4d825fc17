/**
 * AbortSignal.any for work that ends. Node 20 keeps an entry for each combination at every signal that it is made of, so that
 * those which live as long as the process would gather them; here nothing is left with the work's end.
 */

/** `work` gets a signal that aborts with the first of these, for the same reason. Resolves or rejects as it does. */
export async function withAnySignal<T>(
  signals: readonly AbortSignal[],
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const first = new AbortController();
  const links = signals.map((signal) => {
    const onAbort = (): void => {
      first.abort(signal.reason);
    };
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort);
    return { signal, onAbort };
  });
  try {
    return await work(first.signal);
  } finally {
    for (const { signal, onAbort } of links) signal.removeEventListener('abort', onAbort);
  }
}
