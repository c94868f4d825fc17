/** The real nginx on loopback, with the project's own template rendered into a temporary folder. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { within } from '../doubles/within.js';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';

const program = '/usr/sbin/nginx';
const templates = fileURLToPath(new URL('../../proxy/nginx', import.meta.url));

export const nginxIsInstalled = existsSync(program);

export class Nginx {
  /** Its complaints. */
  said = '';

  private constructor(
    readonly child: ChildProcess,
    readonly url: string,
    readonly folder: string,
  ) {}

  /** Starts one in front of `host:port` and resolves when it listens. */
  static async start(upstream: string, settings: Readonly<Record<string, string>> = {}): Promise<Nginx> {
    const folder = mkdtempSync(join(tmpdir(), 'repl-nginx-'));
    // Started by root, its workers are somebody else.
    chmodSync(folder, 0o755);
    const port = await freePort();
    const values: Record<string, string> = {
      NGINX_FOLDER: folder,
      NGINX_ACCESS_LOG: join(folder, 'access.log'),
      NGINX_LISTEN: `127.0.0.1:${port}`,
      NGINX_UPSTREAM: upstream,
      NGINX_RESOLVER: '127.0.0.1',
      NGINX_RESOLVE_SECONDS: '1',
      NGINX_STARTS_PER_MINUTE: '600',
      NGINX_STARTS_BURST: '10',
      NGINX_CONNECTIONS: '100',
      NGINX_AUTH_REQUEST: 'off',
      ...settings,
    };
    for (const name of ['nginx.conf', 'repl.conf']) {
      writeFileSync(join(folder, name), render(readFileSync(join(templates, `${name}.template`), 'utf8'), values));
    }
    const child = spawn(
      program,
      ['-c', join(folder, 'nginx.conf'), '-p', folder, '-e', 'stderr', '-g', 'daemon off;'],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const started = new Nginx(child, `http://127.0.0.1:${port}`, folder);
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data: Buffer) => {
        started.said += data.toString();
      });
    }
    await eventually('listening nginx', async () => {
      if (child.exitCode !== null) throw new Error(`nginx ended: ${started.said}`);
      return await fetch(`${started.url}/`).then(
        () => true,
        () => false,
      );
    });
    return started;
  }

  get accessLog(): string {
    return readFileSync(join(this.folder, 'access.log'), 'utf8');
  }

  async stop(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await within('end of nginx', exited);
    rmSync(this.folder, { recursive: true });
  }
}

/** Replaces what envsubst would, and nothing of nginx's own variables. */
function render(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\$\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`The template wants ${whole}, which nobody sets.`);
    return value;
  });
}
