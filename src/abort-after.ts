/**
 * AbortSignal.timeout for combinations: Node holds the signals that AbortSignal.any was given weakly, so that a timeout which
 * nobody else listens to is collected and never comes. It comes on time here; a process may end before it.
 */
export function abortAfter(milliseconds: number): AbortSignal {
  const signal = AbortSignal.timeout(milliseconds);
  // Node keeps a timeout that has a listener.
  signal.addEventListener('abort', () => undefined, { once: true });
  return signal;
}
