import { describe, expect, it } from '@jest/globals';
import { addedHeaders } from '../../../proxy/request-headers.js';

const additions = { apiToken: 'the-proxys-own-token', requestId: 'r-1', egress: false };

describe('addedHeaders', () => {
  it('begins the chain of forwarders', () => {
    const origin = { headers: { host: 'example.org' }, remoteAddress: '10.0.0.1', encrypted: true };
    expect(addedHeaders(origin, additions)).toEqual({
      authorization: 'Bearer the-proxys-own-token',
      'x-request-id': 'r-1',
      'x-repl-egress': 'refused',
      'x-forwarded-for': '10.0.0.1',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'example.org',
    });
  });

  it('adds to the chain of a proxy before it, and keeps what that one says of the client', () => {
    const headers = {
      host: 'web:3000',
      'x-forwarded-for': '192.0.2.1',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'example.org',
    };
    const added = addedHeaders(
      { headers, remoteAddress: '10.0.0.1', encrypted: false },
      { ...additions, apiToken: null },
    );
    expect(added).toEqual({
      'x-request-id': 'r-1',
      'x-repl-egress': 'refused',
      'x-forwarded-for': '192.0.2.1, 10.0.0.1',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'example.org',
    });
  });

  it('says itself whether a way out may be asked for, whatever the client says', () => {
    const origin = { headers: { 'x-repl-egress': 'allowed' }, remoteAddress: '10.0.0.1', encrypted: false };
    expect(addedHeaders(origin, additions)).toMatchObject({ 'x-repl-egress': 'refused' });
    expect(addedHeaders(origin, { ...additions, egress: true })).toMatchObject({ 'x-repl-egress': 'allowed' });
  });
});
