/** Turns one address whose host name stands for all replicas into the addresses of each. */
import { lookup } from 'node:dns/promises';

/** Null when the name service does not answer in time, or knows no such name. */
export async function resolveAddresses(source: string, timeoutMs: number): Promise<string[] | null> {
  const base = new URL(source);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, null);
  });
  const addresses = lookup(base.hostname, { all: true }).catch(() => null);
  const found = await Promise.race([addresses, late]);
  clearTimeout(timer);
  if (found === null) return null;
  return found.map(({ address, family }) => {
    const url = new URL(base);
    url.hostname = family === 6 ? `[${address}]` : address;
    return url.origin;
  });
}
