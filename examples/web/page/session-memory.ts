/** Which session this tab has, so that a reload finds the same REPL and the same screen. */

const storageKey = 'repl_runner.session';

export interface KeptSession {
  readonly id: string;
  readonly viewId: string;
}

/** For one tab: two that share a session would take it from each other. */
export const sessionMemory = {
  read(): KeptSession | null {
    const [id, viewId] = (sessionStorage.getItem(storageKey) ?? '').split(' ');
    return id === undefined || id === '' || viewId === undefined ? null : { id, viewId };
  },
  write({ id, viewId }: KeptSession): void {
    sessionStorage.setItem(storageKey, `${id} ${viewId}`);
  },
  forget(): void {
    sessionStorage.removeItem(storageKey);
  },
};
