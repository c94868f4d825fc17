/** When a browser's page should look after its connection at once: the network is back, or the tab is looked at again. */

/** What a browser's page and its document have, and other platforms lack. */
interface Heard {
  addEventListener?(type: string, listener: () => void): void;
  removeEventListener?(type: string, listener: () => void): void;
}

interface Page extends Heard {
  readonly document?: Heard & { readonly visibilityState: string };
}

/** Calls back until the answered function is called. Elsewhere than in a browser it never does. */
export function onWake(wake: () => void): () => void {
  // The global object, seen as a browser's.
  const page = globalThis as unknown as Page;
  const { document } = page;
  const look = (): void => {
    if (document?.visibilityState === 'visible') wake();
  };
  page.addEventListener?.('online', wake);
  page.addEventListener?.('pageshow', wake);
  document?.addEventListener?.('visibilitychange', look);
  return () => {
    page.removeEventListener?.('online', wake);
    page.removeEventListener?.('pageshow', wake);
    document?.removeEventListener?.('visibilitychange', look);
  };
}
