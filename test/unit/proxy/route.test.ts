import { describe, expect, it } from '@jest/globals';
import { newSessionId, parseSessionId } from '../../../src/ids.js';
import { routeOf } from '../../../proxy/route.js';

const id = 'runner-1.3f2b8c1e-9d4a-4b6f-8a7e-0123456789ab';

describe('routeOf', () => {
  it('takes the start of a session, and nothing else at that path', () => {
    expect(routeOf('POST', '/repl')).toEqual({ kind: 'start' });
    expect(routeOf('POST', '/repl?language=python&cols=100')).toEqual({ kind: 'start' });
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) expect(routeOf(method, '/repl').kind).toBe('foreign');
  });

  it.each(['', '/', '/restart', '/files/a/b.py', '?epoch=1&offset=2', '/files/a%20b'])(
    "takes everything under a session's id: %s",
    (rest) => {
      for (const method of ['GET', 'POST', 'PATCH']) {
        expect(routeOf(method, `/repl/${id}${rest}`)).toEqual({ kind: 'session', id, replica: 'runner-1' });
      }
    },
  );

  it('reads the ids that runners make', () => {
    const made = newSessionId('a-replica');
    expect(routeOf('GET', `/repl/${made}`)).toEqual({ kind: 'session', id: made, replica: 'a-replica' });
  });

  it.each(['/drain', '/ready', '/metrics', '/repl/../drain', '/repl//drain', '/repl/drain'])(
    'never passes %s on',
    (path) => {
      for (const method of ['GET', 'POST']) expect(['foreign', 'refused']).toContain(routeOf(method, path).kind);
    },
  );

  it.each([
    'x',
    'runner-1',
    'runner-1.',
    '.3f2b8c1e-9d4a-4b6f-8a7e-0123456789ab',
    'evil.example.org:80.3f2b8c1e-9d4a-4b6f-8a7e-0123456789ab',
    'a.b.3f2b8c1e-9d4a-4b6f-8a7e-0123456789ab',
    'runner-1.3F2B8C1E-9D4A-4B6F-8A7E-0123456789AB',
    'runner-1.3f2b8c1e-9d4a-1b6f-8a7e-0123456789ab',
    'runner-1%2e3f2b8c1e-9d4a-4b6f-8a7e-0123456789ab',
    `${'r'.repeat(41)}.3f2b8c1e-9d4a-4b6f-8a7e-0123456789ab`,
    '..',
    '__proto__',
  ])('knows no session %s, as the runner does not', (malformed) => {
    expect(routeOf('GET', `/repl/${malformed}`)).toMatchObject({ kind: 'refused', code: 'session_unknown' });
    expect(parseSessionId(malformed)).toBeNull();
  });

  it.each(['/../../metrics', '/%2e%2e/x', '/.%2E/x', '/./x', '//x', '/..\\x', '/%5c..', '/a/..', '#/x'])(
    'refuses a path that could lead out of the session: %s',
    (rest) => {
      const route = routeOf('GET', `/repl/${id}${rest}`);
      expect(route.kind).toBe('refused');
    },
  );

  it.each([
    '/',
    '/metrics',
    '/ready',
    '/repl/',
    '/repls',
    '/REPL',
    '//repl',
    'http://host/repl',
    `x/repl/${id}`,
    '',
    '*',
  ])('leaves %s to others', (path) => {
    for (const method of ['GET', 'POST']) expect(routeOf(method, path).kind).toBe('foreign');
  });
});
