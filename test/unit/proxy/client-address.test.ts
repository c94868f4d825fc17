import { describe, expect, it } from '@jest/globals';
import { clientAddress } from '../../../proxy/client-address.js';

const remoteAddress = '192.0.2.9';

describe('clientAddress', () => {
  it('believes nobody unless it is told to', () => {
    expect(clientAddress({ remoteAddress, forwardedFor: '198.51.100.1' }, 0)).toBe(remoteAddress);
  });

  it('believes what as many proxies have added as are in front, and nothing before', () => {
    const forwardedFor = '203.0.113.66, 198.51.100.1,198.51.100.2';
    expect(clientAddress({ remoteAddress, forwardedFor }, 1)).toBe('198.51.100.2');
    expect(clientAddress({ remoteAddress, forwardedFor }, 2)).toBe('198.51.100.1');
  });

  it('takes the farthest that there is when there are fewer', () => {
    expect(clientAddress({ remoteAddress, forwardedFor: '198.51.100.1' }, 5)).toBe('198.51.100.1');
    expect(clientAddress({ remoteAddress, forwardedFor: ' , ' }, 1)).toBe(remoteAddress);
    expect(clientAddress({ forwardedFor: undefined }, 0)).toBe('unknown');
  });

  it.each([
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:0001:0002::9', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['x'.repeat(1000), 'x'.repeat(100)],
  ])('takes %s for %s', (address, client) => {
    expect(clientAddress({ remoteAddress: address }, 0)).toBe(client);
  });
});
