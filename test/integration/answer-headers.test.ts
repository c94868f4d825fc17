/** What browsers are told by whatever answers them beside a runner: the proxy as a process, the example host app, nginx. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HostApp } from '../browser/support/host-app.js';
import { describeWhere } from '../support/describe-where.js';
import { eventually } from '../support/eventually.js';
import { Nginx, nginxIsInstalled } from '../support/nginx.js';
import { ProxyProcess } from '../support/proxy-process.js';

const nobody = 'nobody.3f2b8c1e-9d4a-4b6f-8a7e-0123456789ab';
const nowhere = 'http://127.0.0.1:1';

async function headersOf(url: URL | string): Promise<Record<string, string>> {
  const answer = await fetch(url);
  await answer.arrayBuffer();
  return Object.fromEntries(answer.headers);
}

function expectNoBoast(headers: Record<string, string>): void {
  const boasting = Object.keys(headers).filter((name) => /^(server|x-powered-by|access-control-.*)$/.test(name));
  expect(boasting).toEqual([]);
}

describe('The standalone proxy', () => {
  let proxy: ProxyProcess;

  beforeAll(async () => {
    proxy = await ProxyProcess.start({ REPL_PROXY_REPLICAS: nowhere });
  });

  afterAll(async () => {
    await proxy.stop();
  });

  it.each(['/alive', '/ready', '/nothing', '/repl/x', `/repl/${nobody}`])('answers %s as data', async (path) => {
    const headers = await headersOf(new URL(path, proxy.url));
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    });
    expectNoBoast(headers);
  });

  it('writes no id down', async () => {
    await eventually('a line of the refusal', () => proxy.said.includes('nobody.3f2b…'));
    expect(proxy.said).not.toContain(nobody);
  });
});

describe('The example host app', () => {
  let app: HostApp;

  beforeAll(async () => {
    app = await HostApp.start({ url: nowhere, apiToken: 'a-token-of-this-test' });
  });

  afterAll(async () => {
    await app.stop();
  });

  it.each(['/', '/component/start.html', '/browser/repl-terminal.js', '/alive', '/nothing'])(
    'answers %s under a policy',
    async (path) => {
      const headers = await headersOf(app.url + path);
      expect(headers['content-security-policy']).toMatch(/^default-src '(self|none)'/);
      if (path.endsWith('.html') || path === '/') {
        expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
      }
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
      expectNoBoast(headers);
    },
  );
});

describeWhere(nginxIsInstalled)('nginx, whose app is away', () => {
  let nginx: Nginx;

  beforeAll(async () => {
    nginx = await Nginx.start('127.0.0.1:1');
  });

  afterAll(async () => {
    await nginx.stop();
  });

  it('writes no id down, neither in its access log nor in its complaints', async () => {
    const headers = await headersOf(`${nginx.url}/repl/${nobody}?epoch=confided`);
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      server: 'nginx',
    });
    await eventually('a line in the log', () => nginx.accessLog.includes('GET /repl/nobody.3f2b... 503'));
    expect(nginx.accessLog).toMatch(/ 503 \d\.\d+ 502$/m);
    for (const confided of [nobody, 'confided']) expect(nginx.accessLog + nginx.said).not.toContain(confided);
  });
});
