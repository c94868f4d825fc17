/** Links for watching. The id stands in the fragment, which browsers send to nobody. Pure. */

export function watchLink(page: string, viewId: string): string {
  const url = new URL(page);
  url.hash = `watch=${viewId}`;
  return url.href;
}

/** The view id of a link, or null. */
export function watchedId(hash: string): string | null {
  return /^#watch=([A-Za-z0-9.-]{1,200})$/.exec(hash)?.[1] ?? null;
}
