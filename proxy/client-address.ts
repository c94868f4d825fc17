/**
 * Whose request it is, by address, for the limits: only as many entries of X-Forwarded-For are believed as there are trusted
 * proxies in front. Pure.
 */
import { isIPv6 } from 'node:net';

/** Bytes of an IPv6 address, in groups of two, that one household or one machine shares. */
const sharedGroups = 4;

/**
 * @param forwardedFor as it came; whoever adds to it adds at the end
 * @param trustedHops how many proxies in front add to it, each of which is believed
 */
export function clientAddress(
  {
    remoteAddress = 'unknown',
    forwardedFor = '',
  }: { remoteAddress?: string | undefined; forwardedFor?: string | undefined },
  trustedHops: number,
): string {
  const chain = forwardedFor
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  chain.push(remoteAddress);
  return networkOf(chain[Math.max(0, chain.length - 1 - trustedHops)] ?? remoteAddress);
}

/** An IPv4 address as it is, and the /64 of an IPv6 address, since its holder has all the rest of it to choose from. */
function networkOf(address: string): string {
  const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address.slice(0, 100);
  const [head = '', tail] = address.toLowerCase().replace(/%.*$/, '').split('::');
  const groups = (part: string | undefined): string[] => (part === undefined || part === '' ? [] : part.split(':'));
  const missing = tail === undefined ? 0 : 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...Array<string>(Math.max(0, missing)).fill('0'), ...groups(tail)];
  const shared = all
    .slice(0, sharedGroups)
    .map((group) => (group.replace(/^0+/, '') === '' ? '0' : group.replace(/^0+/, '')));
  return `${shared.join(':')}::/64`;
}
