/**
 * What sessions may reach: names and ports, each spoken to in TLS unless its entry says otherwise, and the networks in which a
 * name may lie where that is not the public internet. Pure; docs/egress.md has the syntax.
 */
import { isWithin, parseAddress, parseNetwork, type Network } from './address.js';
import { isPublic } from './public-address.js';

export type EgressKind = 'tls' | 'http';

/** One name and port. */
export interface EgressEntry {
  readonly name: string;
  readonly port: number;
  readonly kind: EgressKind;
  /** Where it may lie; empty means the public internet. */
  readonly networks: readonly Network[];
}

/** The whole of an address space is nobody's network. */
const fewestBits = { 4: 8, 6: 7 } as const;
const label = '[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?';
const namePattern = new RegExp(`^(?=.{1,253}$)${label}(\\.${label})*$`);
const entryPattern = /^([^:/@]+):(\d{1,5})(\/http)?((?:@[^@]+)*)$/;

/** In lower case, without a final dot; null for what is no name, an address among them. */
export function hostName(text: string): string | null {
  const name = text.toLowerCase().replace(/\.$/, '');
  // What ends in a number would be taken for an address: 127.1, 0x7f.1, 2130706433.
  if (!namePattern.test(name) || parseAddress(name) !== null || /(^|\.)(\d+|0x[0-9a-f]*)$/.test(name)) return null;
  return name;
}

/** `name:port`, `name:port/http`, with `@network` behind it, once or several times; null for what is none. */
export function parseEntry(text: string): EgressEntry | null {
  const [, host = '', digits = '', http, behind = ''] = entryPattern.exec(text) ?? [];
  const name = hostName(host);
  const port = Number(digits);
  if (name === null || port < 1 || port > 65_535) return null;
  const named = behind.split('@').slice(1).map(parseNetwork);
  const networks = named.filter((network) => network !== null);
  if (networks.length < named.length) return null;
  if (networks.some(({ address, bits }) => bits < fewestBits[address.family])) return null;
  return { name, port, kind: http === undefined ? 'tls' : 'http', networks };
}

/** As it stands in messages. */
export function shownEntry({ name, port }: Pick<EgressEntry, 'name' | 'port'>): string {
  return `${name}:${port}`;
}

/** Whether a connection to the entry may go to this address. */
export function mayLieAt({ networks }: Pick<EgressEntry, 'networks'>, text: string): boolean {
  const address = parseAddress(text);
  if (address === null) return false;
  return networks.length === 0 ? isPublic(address) : networks.some((network) => isWithin(address, network));
}
