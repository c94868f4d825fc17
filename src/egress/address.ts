/**
 * Internet addresses as numbers, and networks of them. An IPv4 address in IPv6's clothes (`::ffff:10.0.0.1`) is read as the
 * IPv4 address that it reaches. Pure.
 */
import { isIP } from 'node:net';

export interface Address {
  readonly family: 4 | 6;
  readonly value: bigint;
}

export interface Network {
  readonly address: Address;
  /** How many leading bits it fixes. */
  readonly bits: number;
}

/** `::ffff:0:0/96` */
const mappedPrefix = 0xffffn;

/** Null for what is no address; zones (`fe80::1%eth0`) are none. */
export function parseAddress(text: string): Address | null {
  const family = isIP(text);
  if (family === 4) return { family: 4, value: ipv4Value(text) };
  if (family !== 6 || text.includes('%')) return null;
  const value = ipv6Value(text);
  return value >> 32n === mappedPrefix ? { family: 4, value: value & 0xffff_ffffn } : { family: 6, value };
}

/** `10.0.0.0/8`, `fd00::/8`. Null where it is none, or has bits behind its prefix. */
export function parseNetwork(text: string): Network | null {
  const [, base = '', digits = ''] = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(text) ?? [];
  const address = parseAddress(base);
  const bits = Number(digits);
  if (address === null || digits === '' || bits > width(address)) return null;
  if (address.family === 4 && base.includes(':')) return null;
  const network = { address, bits };
  return prefixOf(address, bits) << BigInt(width(address) - bits) === address.value ? network : null;
}

export function isWithin(address: Address, { address: base, bits }: Network): boolean {
  return address.family === base.family && prefixOf(address, bits) === prefixOf(base, bits);
}

function width({ family }: Address): number {
  return family === 4 ? 32 : 128;
}

function prefixOf(address: Address, bits: number): bigint {
  return address.value >> BigInt(width(address) - bits);
}

function ipv4Value(text: string): bigint {
  return text.split('.').reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

/** Of an address that is known to be one. */
function ipv6Value(text: string): bigint {
  const dotted = text.lastIndexOf('.') === -1 ? '' : text.slice(text.lastIndexOf(':') + 1);
  const low = ipv4Value(dotted === '' ? '0.0.0.0' : dotted);
  const groups =
    dotted === ''
      ? text
      : `${text.slice(0, -dotted.length)}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`;
  const [head = '', tail] = groups.split('::');
  const before = words(head);
  const after = tail === undefined ? [] : words(tail);
  const zeros = Array<bigint>(8 - before.length - after.length).fill(0n);
  return [...before, ...zeros, ...after].reduce((value, word) => (value << 16n) | word, 0n);
}

function words(text: string): bigint[] {
  return text === '' ? [] : text.split(':').map((word) => BigInt(`0x${word}`));
}
