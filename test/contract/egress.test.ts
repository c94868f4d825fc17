/** The way out on every driver: packages from an index of the test's own, and everything else that must not be reached. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { countSandboxes } from '../support/count-sandboxes.js';
import { describeOnEach } from '../support/describe-where.js';
import { eventually } from '../support/eventually.js';
import { groundPerDriver, type Ground } from '../support/grounds.js';
import { PackageIndex } from '../support/package-index.js';
import { RunningService } from '../support/running-service.js';

const waysOut = readFileSync(fileURLToPath(new URL('../support/programs/ways_out.py', import.meta.url)), 'utf8');
const maxConnections = 4;
const maxMib = 8;
const mib = 1024 * 1024;

interface Ran {
  readonly outcome: string;
  readonly stdout: { readonly content: string };
  readonly stderr: { readonly content: string };
}

function contract(ground: Ground): void {
  let index: PackageIndex;
  let runner: RunningService;
  const replica = `test-egress-${randomBytes(6).toString('hex')}`;
  const log: string[] = [];
  /** What the name server says of `rebind.test`, one answer after the other. */
  const rebinding = ['127.0.0.1', '169.254.169.254'];

  function resolve(name: string): Promise<readonly string[]> {
    const addresses: Readonly<Record<string, string>> = {
      'index.test': '127.0.0.1',
      'secure.test': '::ffff:127.0.0.1',
      'inner.test': '127.0.0.1',
    };
    const address = name === 'rebind.test' ? rebinding.shift() : addresses[name];
    return address === undefined ? Promise.reject(new Error('no such name')) : Promise.resolve([address]);
  }

  beforeAll(async () => {
    index = await PackageIndex.start();
    const { port, tlsPort } = index;
    const here = '@127.0.0.0/8';
    runner = await RunningService.start(
      {
        ...ground.env,
        REPL_RUNNER_REPLICA: replica,
        REPL_RUNNER_EGRESS: [
          ...[`index.test:${port}/http${here}`, `secure.test:${tlsPort}${here}`, `rebind.test:${port}/http${here}`],
          ...[`inner.test:${port}/http`, `lost.test:${port}/http`],
        ].join(','),
        REPL_RUNNER_EGRESS_PIP_INDEX: `http://index.test:${port}/simple/`,
        REPL_RUNNER_EGRESS_CONNECTIONS: String(maxConnections),
        REPL_RUNNER_EGRESS_MIB: String(maxMib),
      },
      { resolve, log: (line) => log.push(line) },
    );
  });
  afterAll(async () => {
    await runner.stop();
    await index.stop();
    expect(await countSandboxes(ground, replica)).toBe(0);
  });

  async function run(id: string, body: object): Promise<Ran> {
    const { status, body: answer } = await runner.call('POST', `/repl/${id}/run`, {
      limits: { wall_seconds: 60 },
      ...body,
    });
    if (status !== 200) throw new Error(JSON.stringify(answer));
    return answer as Ran;
  }

  /** What each way came to. */
  async function tried(id: string, ...ways: readonly unknown[][]): Promise<string[]> {
    const stdin = ways.map((way) => `${JSON.stringify(way)}\n`).join('');
    const { stdout, stderr } = await run(id, { argv: ['python3', 'ways_out.py'], stdin });
    if (stderr.content !== '') throw new Error(stderr.content);
    return stdout.content.trimEnd().split('\n');
  }

  const started = (egress: boolean | readonly string[]): Promise<{ readonly id: string }> =>
    runner.startSession({ egress, files: { 'ways_out.py': waysOut, 'ca.pem': index.certificate } });

  /** @param since how many lines of the log were there before */
  async function told(event: string, since = 0): Promise<Record<string, unknown>[]> {
    const lines = (): Record<string, unknown>[] =>
      log
        .slice(since)
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter(({ msg }) => msg === event);
    await eventually(event, () => lines().length > 0);
    return lines();
  }

  it('installs a package in the terminal, with its progress, which the same REPL imports', async () => {
    const { session, terminal } = await runner.prompt({ egress: true });
    await terminal.run('import os');
    terminal.type('os.system("python3 -m pip install galaxy")\r');
    const said = await terminal.until(/Successfully installed galaxy-1\.0[^]*>>> $/);
    expect(said).toMatch(/━.*kB/);
    expect(await terminal.run('import galaxy; galaxy.answer')).toContain('galaxy was installed');
    expect(await terminal.run('galaxy.__file__')).toContain('/sandbox/.local/');
    await terminal.close();
    const { stdout } = await run(session.id, { argv: ['python3', '-c', 'import galaxy; print(galaxy.answer)'] });
    expect(stdout.content).toBe('galaxy was installed\n');

    const fork = await runner.call('POST', `/repl/${session.id}/fork`, {});
    const { id, egress } = fork.body as { id: string; egress: string[] };
    expect(egress).toContain('index.test');
    const forked = await run(id, {
      command: 'python3 -m pip install restaurant && python3 -c "import galaxy, restaurant"',
    });
    expect(forked.outcome).toBe('ok');
    await runner.call('DELETE', `/repl/${id}`);
  });

  it('installs over TLS, which ends at the index', async () => {
    const { id } = await started(['secure.test']);
    const command = `python3 -m pip install --index-url https://secure.test:${index.tlsPort}/simple/ --cert ca.pem towel`;
    const { outcome, stderr } = await run(id, { command });
    expect({ outcome, stderr: stderr.content }).toMatchObject({ outcome: 'ok' });
    expect(index.requests).toContain(`secure.test:${index.tlsPort} /simple/towel/`);
  });

  it('reaches nothing that is not on the list, and says so', async () => {
    const { id } = await started(true);
    const { port, tlsPort } = index;
    const before = index.requests.length;
    const [name, otherPort, address, mapped, credentials, http, https, noProxyRequest, unknown] = await tried(
      id,
      ['fetch', `http://evil.test:${port}/`],
      ['fetch', 'http://index.test:1/'],
      ['fetch', `http://0x7f000001:${port}/`],
      ['request', `GET http://[::ffff:127.0.0.1]:${port}/ HTTP/1.1\r\n\r\n`],
      ['request', `GET http://index.test@evil.test:${port}/ HTTP/1.1\r\n\r\n`],
      ['request', `CONNECT index.test:${port} HTTP/1.1\r\n\r\n`],
      ['fetch', `http://secure.test:${tlsPort}/`],
      ['request', 'GET / HTTP/1.1\r\n\r\n'],
      ['fetch', `http://lost.test:${port}/`],
    );
    expect(name).toMatch(/^403 repl_runner: this session may not reach that: evil\.test:\d+; allowed: index\.test/);
    expect(otherPort).toMatch(/^403 .*index\.test:1;/);
    expect(address).toMatch(/^403 .*addresses are never allowed/);
    expect(mapped).toMatch(/^HTTP\/1.1 403 .*addresses are never allowed/);
    expect(credentials).toMatch(/^HTTP\/1.1 400/);
    expect(http).toMatch(/^HTTP\/1.1 403 .*use http there/);
    expect(https).toMatch(/^403 .*use https there/);
    expect(noProxyRequest).toMatch(/^HTTP\/1.1 400/);
    expect(unknown).toMatch(/^502 .*could not be looked up/);
    expect(index.requests).toHaveLength(before);
  });

  it('lets no name lead where it may not lie: privately, after a redirect, or once it is bound anew', async () => {
    const { id } = await started(true);
    const { port } = index;
    const metadata = encodeURIComponent(`http://169.254.169.254:${port}/latest/`);
    const inner = encodeURIComponent(`http://inner.test:${port}/`);
    const [privately, toAddress, toName, first, rebound] = await tried(
      id,
      ['fetch', `http://inner.test:${port}/`],
      ['fetch', `http://index.test:${port}/redirect/${metadata}`],
      ['fetch', `http://index.test:${port}/redirect/${inner}`],
      ['fetch', `http://rebind.test:${port}/bytes/3`],
      ['fetch', `http://rebind.test:${port}/bytes/3`],
    );
    expect(privately).toMatch(/^403 .*network that may not be reached: inner\.test$/);
    expect(toAddress).toMatch(/^403 .*addresses are never allowed/);
    expect(toName).toMatch(/^403 .*network that may not be reached/);
    expect(first).toBe('200 3 bytes');
    expect(rebound).toMatch(/^403 .*network that may not be reached/);
  });

  it('holds TLS and HTTP to the server that was asked for', async () => {
    const { id } = await started(true);
    const { port, tlsPort } = index;
    const authority = `secure.test:${tlsPort}`;
    const [right, wrong, nameless, noTls, host] = await tried(
      id,
      ['secure', authority, 'secure.test'],
      ['secure', authority, 'other.test'],
      ['secure', authority, null],
      ['plain', authority, 'GET / HTTP/1.1\r\nHost: secure.test\r\n\r\n'],
      ['request', `GET http://index.test:${port}/ HTTP/1.1\r\nHost: evil.test\r\n\r\n`],
    );
    expect(right).toMatch(/^HTTP\/1.1 200 Connection established TLSv1\.3/);
    expect(wrong).toMatch(/^SSLError: .*unrecognized/i);
    expect(nameless).toMatch(/^SSLError: .*unrecognized/i);
    expect(noTls).toMatch(/^HTTP\/1.1 200 Connection established b'\\x15/);
    expect(host).toMatch(/^HTTP\/1.1 403 .*Host header/);
  });

  it('bounds the connections of a session, and its bytes', async () => {
    const { id } = await started(true);
    const { port, tlsPort } = index;
    expect(await tried(id, ['many', `secure.test:${tlsPort}`, maxConnections])).toEqual([
      'HTTP/1.1 200 Connection established',
    ]);
    const [oneMore] = await tried(id, ['many', `secure.test:${tlsPort}`, maxConnections + 1]);
    expect(oneMore).toMatch(/^HTTP\/1.1 429 .*as many connections as it may/);
    const [few, tooMany, after] = await tried(
      id,
      ['fetch', `http://index.test:${port}/bytes/${mib}`],
      ['fetch', `http://index.test:${port}/bytes/${maxMib * mib}`],
      ['fetch', `http://index.test:${port}/bytes/1`],
    );
    expect(few).toBe(`200 ${mib} bytes`);
    expect(tooMany).toMatch(/^(IncompleteRead|ConnectionResetError)/);
    expect(after).toMatch(/^403 .*as many bytes as it may/);
  });

  it('gives a session without permission no proxy, no variables and no way', async () => {
    const { id } = await runner.startSession({ files: { 'ways_out.py': waysOut } });
    const ways = [
      ['variable', 'HTTPS_PROXY'],
      ['direct', '127.0.0.1', 3128],
      ['direct', '127.0.0.1', index.port],
    ];
    const [variable, proxy, host] = await tried(id, ...ways);
    expect(variable).toBe('unset');
    expect(proxy).toMatch(/^ConnectionRefusedError/);
    expect(host).toMatch(/^ConnectionRefusedError/);
  });

  it('gives a session some of the names, and refuses names that the operator does not allow', async () => {
    const { id } = await started(['secure.test']);
    const { body } = await runner.call('GET', `/repl/${id}`);
    expect(body).toMatchObject({ egress: ['secure.test'] });
    const [other] = await tried(id, ['fetch', `http://index.test:${index.port}/`]);
    expect(other).toMatch(/^403 .*allowed: secure\.test:\d+$/);
    const refused = await runner.call('POST', '/repl', { language: 'python', egress: ['evil.test'] });
    expect(refused.status).toBe(403);
    expect(refused.body).toMatchObject({ error: { code: 'egress_refused' } });
  });

  it('goes on after a restart, and gives a run of its own a way out as well', async () => {
    const { id } = await started(true);
    const { status } = await runner.call('POST', `/repl/${id}/restart`, {});
    expect(status).toBe(200);
    const url = `http://index.test:${index.port}/bytes/3`;
    expect(await tried(id, ['fetch', url])).toEqual(['200 3 bytes']);
    const command = 'python3 -m pip install marvin && python3 -c "import marvin; print(marvin.answer)"';
    const once = { language: 'python', command, limits: { wall_seconds: 60 } };
    const { body } = await runner.call('POST', '/run', { ...once, egress: true });
    expect((body as Ran).stdout.content).toMatch(/marvin was installed\n$/);
    const without = await runner.call('POST', '/run', once);
    expect((without.body as Ran).outcome).toBe('runtime_error');
  });

  it('tells the operator each name and what became of it, and no path', async () => {
    const { id } = await started(true);
    const before = log.length;
    await tried(
      id,
      ['fetch', `http://index.test:${index.port}/bytes/3?secret`],
      ['fetch', `http://evil.test:${index.port}/`],
    );
    const done = await told('egress-connect-done', before);
    expect(done).toContainEqual(expect.objectContaining({ target: `index.test:${index.port}` }));
    const failed = await told('egress-connect-failed', before);
    expect(failed).toContainEqual(
      expect.objectContaining({ target: `evil.test:${index.port}`, reason: 'not_allowed' }),
    );
    expect(log.join('')).not.toMatch(/secret|\/bytes|\/simple/);
    const { body } = await runner.call('GET', '/metrics');
    expect(body).toMatch(/repl_runner_egress_connections_total\{outcome="done"\} [1-9]/);
    expect(body).toMatch(/repl_runner_egress_connections_total\{outcome="not_allowed"\} [1-9]/);
    expect(body).toMatch(/repl_runner_egress_bytes_total\{direction="in"\} [1-9]/);
    await eventually('no connection that is open', async () => {
      const { body: later } = await runner.call('GET', '/metrics');
      return String(later).includes('repl_runner_egress_connections 0\n');
    });
  });
}

describeOnEach(groundPerDriver, 'a way out on', contract);
