/**
 * A small package index on this machine's loopback, in HTTP and in HTTPS with a certificate of its own, that serves wheels
 * which it builds. Beside that it redirects to where it is told, sends as many bytes as it is asked for, and keeps what came.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storedZip } from './stored-zip.js';

/** More than pip takes without a progress bar. */
const paddingBytes = 700 * 1024;

export class PackageIndex {
  /** `Host path` of every request, in order. */
  readonly requests: string[] = [];

  private constructor(
    private readonly servers: readonly Server[],
    readonly port: number,
    readonly tlsPort: number,
    /** What a client has to trust to speak TLS to `secure.test`. */
    readonly certificate: string,
  ) {}

  static async start(): Promise<PackageIndex> {
    const { key, cert } = makeCertificate('secure.test');
    const listening = { take: (() => undefined) as RequestListener };
    const take: RequestListener = (request, response) => {
      listening.take(request, response);
    };
    const servers = [createServer(take), createTlsServer({ key, cert }, take)];
    const ports = await Promise.all(
      servers.map(async (server) => {
        server.listen(0, '127.0.0.1');
        await once(server, 'listening');
        return (server.address() as AddressInfo).port;
      }),
    );
    const index = new PackageIndex(servers, ports[0] ?? 0, ports[1] ?? 0, cert);
    listening.take = answering(index);
    return index;
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.servers.map(async (server) => {
        server.closeAllConnections();
        server.close();
        await once(server, 'close');
      }),
    );
  }
}

/** A wheel of a package that has one module of its own name. */
export function wheel(name: string): { file: string; content: Buffer } {
  const info = `${name}-1.0.dist-info`;
  const content = storedZip({
    [`${name}/__init__.py`]: `answer = "${name} was installed"\n`,
    [`${name}/padding.bin`]: randomBytes(paddingBytes),
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: 1.0\n`,
    [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    [`${info}/RECORD`]: [
      `${name}/__init__.py`,
      `${name}/padding.bin`,
      `${info}/METADATA`,
      `${info}/WHEEL`,
      `${info}/RECORD`,
    ]
      .map((path) => `${path},,\n`)
      .join(''),
  });
  return { file: `${name}-1.0-py3-none-any.whl`, content };
}

function answering(index: PackageIndex): RequestListener {
  return ({ url = '', headers }, response) => {
    index.requests.push(`${headers.host ?? ''} ${url}`);
    const [, kind = '', name = ''] = /^\/(simple|files|redirect|bytes)\/([^/?]*)/.exec(url) ?? [];
    const { file, content } = wheel(name.replace(/-.*/, ''));
    if (kind === 'simple') response.setHeader('Content-Type', 'text/html').end(`<a href="/files/${file}">${file}</a>`);
    else if (kind === 'files') response.end(content);
    else if (kind === 'redirect') response.writeHead(302, { Location: decodeURIComponent(name) }).end();
    else if (kind === 'bytes') response.end(Buffer.alloc(Number(name)));
    else response.writeHead(404).end();
  };
}

function makeCertificate(name: string): { key: string; cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'repl-test-tls-'));
  try {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    const names = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`];
    execFileSync('openssl', ['req', '-x509', ...kind, ...names, '-keyout', key, '-out', cert], { stdio: 'pipe' });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
