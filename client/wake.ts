/** When a browser's page should look after its connection at once: the network is back, or the tab is looked at again. */

interface Listening {
  addEventListener?: (type: string, listener: () => void) => void;
  removeEventListener?: (type: string, listener: () => void) => void;
  readonly visibilityState?: string;
}

/** Calls back until the answered function is called. Elsewhere than in a browser it never does. */
export function onWake(wake: () => void): () => void {
  // Not every platform has these; each is looked for.
  const { document = {}, ...page } = platform();
  const look = (): void => {
    if (document.visibilityState === 'visible') wake();
  };
  page.addEventListener?.('online', wake);
  page.addEventListener?.('pageshow', wake);
  document.addEventListener?.('visibilitychange', look);
  return () => {
    page.removeEventListener?.('online', wake);
    page.removeEventListener?.('pageshow', wake);
    document.removeEventListener?.('visibilitychange', look);
  };
}

function platform(): Listening & { readonly document?: Listening } {
  // The global object, seen as what a browser's has and Node's lacks.
  const page = globalThis as unknown as Listening & { readonly document?: Listening };
  return {
    addEventListener: (type, listener) => page.addEventListener?.(type, listener),
    removeEventListener: (type, listener) => page.removeEventListener?.(type, listener),
    ...(page.document === undefined ? {} : { document: page.document }),
  };
}
