import { describe, expect, it } from '@jest/globals';
import { parseEntry, type EgressEntry } from '../../../src/egress/allow-list.js';
import { EgressRefusal } from '../../../src/egress/egress-refusal.js';
import { allowedEntry, isHostOf, plainTarget, tunnelTarget } from '../../../src/egress/target.js';

/** The reason why it is refused. */
function refused(read: () => unknown): string {
  try {
    return JSON.stringify(read());
  } catch (error) {
    if (error instanceof EgressRefusal) return error.reason;
    throw error;
  }
}

describe('The target of a request to the proxy', () => {
  it('is the name and port of a CONNECT', () => {
    expect(tunnelTarget('PyPI.example:443')).toEqual({ name: 'pypi.example', port: 443, kind: 'tls' });
  });

  it('is what the URL of a plain request names, and its path with the query', () => {
    const target = { name: 'index', port: 80, kind: 'http' };
    expect(plainTarget('http://index')).toEqual({ ...target, path: '/' });
    expect(plainTarget('HTTP://Index?a=/b')).toEqual({ ...target, path: '/?a=/b' });
    expect(plainTarget('http://index:8080/a@b:1/?c')).toEqual({ ...target, port: 8080, path: '/a@b:1/?c' });
  });

  it.each(['', 'name', 'name:', ':443', 'a@name:443', 'name:443/x', 'https://name:443', 'name:123456'])(
    'is none of CONNECT "%s"',
    (authority) => {
      expect(refused(() => tunnelTarget(authority))).toBe('malformed');
    },
  );

  it.each([
    '',
    '/',
    '*',
    'https://name/',
    'ftp://name/',
    'http://',
    'http://user@name/',
    'http://a:b@name/',
    'http://name:x/',
    'http://name/#a',
  ])('is none of GET "%s"', (url) => {
    expect(refused(() => plainTarget(url))).toBe('malformed');
  });

  it.each(['127.0.0.1', '127.1', '2130706433', '0x7f000001', '[::1]', '[::ffff:10.0.0.1]'])(
    'is never an address: %s',
    (host) => {
      expect(refused(() => tunnelTarget(`${host}:443`))).toBe('not_allowed');
      expect(refused(() => plainTarget(`http://${host}/`))).toBe('not_allowed');
    },
  );

  it('must be an entry of the list by name, port and protocol', () => {
    const entries = ['a:443', 'b:80/http'].map(parseEntry).filter((entry): entry is EgressEntry => entry !== null);
    expect(allowedEntry(entries, tunnelTarget('a:443'))).toBe(entries[0]);
    expect(allowedEntry(entries, plainTarget('http://b/'))).toBe(entries[1]);
    const others = ['a:444', 'b:80', 'c:443'].map((text) => () => allowedEntry(entries, tunnelTarget(text)));
    expect([...others, () => allowedEntry(entries, plainTarget('http://a:443/'))].map(refused)).toEqual(
      Array(4).fill('not_allowed'),
    );
  });

  it('is what the Host header has to name', () => {
    const target = plainTarget('http://b:8080/');
    expect([' B:8080 ', 'b.:8080'].every((host) => isHostOf(host, target))).toBe(true);
    expect(
      ['', 'b', 'b:80', 'c:8080', 'b:8080, c', 'x@b:8080', 'b:8080/x'].some((host) => isHostOf(host, target)),
    ).toBe(false);
    expect(isHostOf('b', plainTarget('http://b/'))).toBe(true);
  });

  it('is shown in printable ASCII only, and not at any length', () => {
    const { message } = new EgressRefusal('not_allowed', `\r\nSet-Cookie: x\u00e9${'a'.repeat(1000)}`);
    expect(message).toMatch(/^[\x20-\x7e]{1,400}$/);
  });
});
