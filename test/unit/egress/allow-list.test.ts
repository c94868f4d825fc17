import { describe, expect, it } from '@jest/globals';
import { hostName, mayLieAt, parseEntry, type EgressEntry } from '../../../src/egress/allow-list.js';

function entry(text: string): EgressEntry {
  const parsed = parseEntry(text);
  if (parsed === null) throw new Error(`${text} is no entry`);
  return parsed;
}

describe('An entry of the allow-list', () => {
  it('is a name and a port, spoken to in TLS unless it says otherwise', () => {
    expect(entry('PyPI.example.:443')).toEqual({ name: 'pypi.example', port: 443, kind: 'tls', networks: [] });
    expect(entry('index.internal:8080/http')).toMatchObject({ name: 'index.internal', port: 8080, kind: 'http' });
    expect(entry('index:8080/http@10.0.0.0/8@fd00::/8').networks).toHaveLength(2);
  });

  it.each([
    ...['', 'name', 'name:', ':443', 'name:0', 'name:65536', 'name:443/https', 'name:443/', 'na me:443', '*.name:443'],
    ...['name:443@', 'name:443@10.0.0.0', 'name:443@10.0.0.1/8', 'name:443@nowhere', 'name@10.0.0.0/8:443'],
    ...[
      '10.0.0.1:443',
      '[::1]:443',
      '127.1:443',
      '2130706433:443',
      '0x7f000001:443',
      'a.0x7f:443',
      '-a:443',
      'a..b:443',
    ],
    ...['name:443@0.0.0.0/0', 'name:443@::/0', 'name:443@0.0.0.0/1', `${'a'.repeat(64)}:443`],
  ])('"%s" is none', (text) => {
    expect(parseEntry(text)).toBeNull();
  });

  it('may lie on the public internet where it names no network', () => {
    expect(mayLieAt(entry('a:443'), '1.1.1.1')).toBe(true);
    expect(mayLieAt(entry('a:443'), '10.0.0.1')).toBe(false);
    expect(mayLieAt(entry('a:443'), '::ffff:169.254.169.254')).toBe(false);
    expect(mayLieAt(entry('a:443'), 'no address')).toBe(false);
  });

  it('may lie in the networks that it names, and nowhere else', () => {
    const inner = entry('a:443@10.0.0.0/8@fd00::/8');
    expect(mayLieAt(inner, '10.9.9.9')).toBe(true);
    expect(mayLieAt(inner, '::ffff:10.9.9.9')).toBe(true);
    expect(mayLieAt(inner, 'fd00::1')).toBe(true);
    expect(mayLieAt(inner, '192.168.0.1')).toBe(false);
    expect(mayLieAt(inner, '1.1.1.1')).toBe(false);
    expect(mayLieAt(inner, '64:ff9b::10.0.0.1')).toBe(false);
  });

  it('has no name that could be taken for an address', () => {
    expect(['a1', 'a.b1', 'x_y.example'].map(hostName)).toEqual(['a1', 'a.b1', 'x_y.example']);
    expect(['1', 'a.1', '0x1', 'a.0x', '::1', '1.2.3.4', 'ü.example', 'a/b', 'a%2e'].map(hostName)).toEqual(
      Array(9).fill(null),
    );
  });
});
