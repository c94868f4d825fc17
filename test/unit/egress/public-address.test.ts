import { describe, expect, it } from '@jest/globals';
import { isWithin, parseAddress, parseNetwork, type Address, type Network } from '../../../src/egress/address.js';
import { isPublic } from '../../../src/egress/public-address.js';

function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === null) throw new Error(`${text} is no address`);
  return parsed;
}

function network(text: string): Network {
  const parsed = parseNetwork(text);
  if (parsed === null) throw new Error(`${text} is no network`);
  return parsed;
}

describe('An address', () => {
  it('is read as a number, however it is written', () => {
    expect(address('1.2.3.4')).toEqual({ family: 4, value: 0x01020304n });
    expect(address('2606:4700::1')).toEqual({ family: 6, value: 0x26064700000000000000000000000001n });
    expect(address('2606:4700:0:0:0:0:0:1')).toEqual(address('2606:4700::1'));
    expect(address('1:2:3:4:5:6:7:8').value).toBe(0x00010002000300040005000600070008n);
    expect(address('::').value).toBe(0n);
    expect(address('1::').value).toBe(1n << 112n);
    expect(address('64:ff9b::1.2.3.4').value).toBe((0x0064ff9bn << 96n) | 0x01020304n);
  });

  it.each(['::ffff:10.0.0.1', '::ffff:a00:1', '0:0:0:0:0:ffff:0a00:0001'])('%s is the IPv4 address in it', (text) => {
    expect(address(text)).toEqual(address('10.0.0.1'));
  });

  it.each([
    '',
    'a',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '0x7f.0.0.1',
    '256.1.1.1',
    '::1%lo',
    '1::2::3',
    ' 1.2.3.4',
    '[::1]',
  ])('"%s" is none', (text) => {
    expect(parseAddress(text)).toBeNull();
  });
});

describe('A network', () => {
  it('holds the addresses that share its prefix', () => {
    expect(isWithin(address('10.255.0.1'), network('10.0.0.0/8'))).toBe(true);
    expect(isWithin(address('11.0.0.1'), network('10.0.0.0/8'))).toBe(false);
    expect(isWithin(address('::ffff:10.0.0.1'), network('10.0.0.0/8'))).toBe(true);
    expect(isWithin(address('fd12::1'), network('fd00::/8'))).toBe(true);
    expect(isWithin(address('10.0.0.1'), network('fd00::/8'))).toBe(false);
    expect(isWithin(address('10.0.0.1'), network('10.0.0.1/32'))).toBe(true);
  });

  it.each(['10.0.0.0', '10.0.0.0/33', '10.0.0.1/8', 'fd00::/129', '/8', 'x/8', '10.0.0.0/-1', '::ffff:10.0.0.0/8'])(
    '"%s" is none',
    (text) => {
      expect(parseNetwork(text)).toBeNull();
    },
  );
});

describe('The public internet', () => {
  it.each(['1.1.1.1', '8.8.8.8', '93.184.216.34', '172.15.255.255', '172.32.0.0', '100.63.255.255', '223.255.255.255'])(
    'has %s',
    (text) => {
      expect(isPublic(address(text))).toBe(true);
    },
  );

  it.each(['2606:4700::1111', '2a00:1450:4001::200e', '2001:4860:4860::8888', '::ffff:8.8.8.8'])('has %s', (text) => {
    expect(isPublic(address(text))).toBe(true);
  });

  it.each([
    ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '127.255.255.255', '169.254.169.254', '172.16.0.1'],
    ...['172.31.255.255', '192.0.0.192', '192.0.2.1', '192.168.1.1', '198.18.0.1', '198.51.100.1', '203.0.113.1'],
    ...['224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255', '192.88.99.1'],
  ])('has no %s', (text) => {
    expect(isPublic(address(text))).toBe(false);
    expect(isPublic(address(`::ffff:${text}`))).toBe(false);
  });

  it.each([
    ...['::', '::1', '::10.0.0.1', 'fe80::1', 'febf::1', 'fc00::1', 'fd00:ec2::254', 'ff02::1', 'fec0::1'],
    ...['64:ff9b::169.254.169.254', '64:ff9b::8.8.8.8', '64:ff9b:1::1', '2002:a9fe:a9fe::', '2001::1', '2001:db8::1'],
    ...['100::1', '3fff::1', '2001:20::1', '4000::1', '5f00::1'],
  ])('has no %s', (text) => {
    expect(isPublic(address(text))).toBe(false);
  });
});
