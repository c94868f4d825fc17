/**
 * Which addresses belong to the public internet, by IANA's registries of special-purpose addresses. Everything else (one's own
 * host, private networks, links, carrier NAT, multicast, clouds' metadata, translations of IPv4) is refused unless an operator
 * names its network. Pure.
 */
import { isWithin, parseNetwork, type Address, type Network } from './address.js';

/** IPv4 that is not public; of 255.255.255.255 too. */
const special4 = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.0.2.0/24', '192.31.196.0/24', '192.52.193.0/24', '192.88.99.0/24', '192.168.0.0/16'],
  ...['192.175.48.0/24', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
];
/** What of IPv6 is public at all; loopback, NAT64, unique local, link-local and multicast lie outside. */
const global6 = '2000::/3';
/** Teredo, benchmarks and ORCHID; documentation; 6to4. */
const special6 = ['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20'];

const networks = (texts: readonly string[]): Network[] => texts.map(parseNetwork).filter((network) => network !== null);

const notPublic = networks([...special4, ...special6]);
const global = networks([global6]);

export function isPublic(address: Address): boolean {
  if (notPublic.some((network) => isWithin(address, network))) return false;
  return address.family === 4 || global.some((network) => isWithin(address, network));
}
