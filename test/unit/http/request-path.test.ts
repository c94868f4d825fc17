import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { requestPath } from '../../../src/http/request-path.js';
import { RawConnection } from '../../support/raw-connection.js';
import { testApp } from '../../support/test-app.js';

describe('The path of a request', () => {
  it.each([
    ['/repl?a=b', '/repl?a=b'],
    ['//repl', '//repl'],
    ['http://runner.example:4657/alive?x', '/alive?x'],
    ['HTTP://runner.example', '/'],
    ['a:b', '/a:b'],
    ['uhttp://alive', '/uhttp://alive'],
    ['http://', '/http://'],
    ['*', '/*'],
  ])('of %s is %s', (target, path) => {
    expect(requestPath(target)).toBe(path);
  });

  it('is one that nobody serves where the target has none, which is told as ever', async () => {
    const server = createServer(testApp().app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const sent = 'POST uhttp://alive HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';
    const { answer } = await RawConnection.open(`http://127.0.0.1:${port}`, sent);
    expect(await answer).toMatch(/^HTTP\/1\.1 404 [^]*X-Request-Id: [^]*"code":"route_unknown"/);
    server.close();
  });
});
