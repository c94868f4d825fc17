/**
 * docker-compose.yml as a stack on a swarm of one node: a Docker daemon of its own, in a network of its own, with the images
 * that scripts/test.mjs has made. What people reach is asked for from within that network.
 */
import { execFile, spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { eventually } from './eventually.js';
import { imageTag } from './grounds.js';
import { OwnDockerd } from './own-dockerd.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const commandLine = fileURLToPath(new URL('../../dist/client/command-line/command-line.js', import.meta.url));
const stackTag = process.env.REPL_TEST_STACK_TAG ?? '';
const name = 'repl';
const label = `com.docker.stack.namespace=${name}`;
const commandTimeoutMs = 120_000;

export const canSwarm =
  OwnDockerd.possible &&
  stackTag !== '' &&
  imageTag('trixie') !== '' &&
  ['/usr/bin/docker', '/usr/local/bin/docker'].some((path) => existsSync(path)) &&
  ['/sbin/ip', '/bin/ip'].some((path) => existsSync(path));

const run = promisify(execFile);

export class SwarmStack {
  readonly daemon = new OwnDockerd();

  /** Resolves when a session could be started through nginx. */
  static async start(): Promise<SwarmStack> {
    const stack = new SwarmStack();
    try {
      await stack.#form();
      await stack.deploy();
      await eventually('ready stack', async () => (await stack.get('/ready')) === 200, commandTimeoutMs);
      return stack;
    } catch (error) {
      await stack.daemon.remove();
      throw error;
    }
  }

  async deploy(): Promise<void> {
    await this.docker('stack', 'deploy', '--compose-file', 'docker-compose.yml', '--resolve-image', 'never', name);
  }

  /** What a docker command prints. */
  async docker(...command: readonly string[]): Promise<string> {
    const { stdout } = await run('docker', command, { cwd: root, env: this.#env(), timeout: commandTimeoutMs });
    return stdout.trim();
  }

  /** The status of what nginx answers; 0 where nobody does. */
  async get(path: string, method = 'GET'): Promise<number> {
    const script = `fetch(process.argv[1], {method: process.argv[2]}).then(({status}) => console.log(status), () => console.log(0))`;
    return Number(await this.#inside(process.execPath, '-e', script, `http://127.0.0.1:8080${path}`, method));
  }

  /** Starts a session through nginx and answers its id. */
  async startSession(): Promise<string> {
    const script = `fetch('http://127.0.0.1:8080/repl', {
      method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{"language": "python"}',
    }).then((answer) => answer.json()).then(({id}) => console.log(id))`;
    return await this.#inside(process.execPath, '-e', script);
  }

  /** What a program prints that is piped into a REPL with these files, through nginx and a terminal. */
  async pipe(program: string, folder: string): Promise<string> {
    const [command = '', ...options] = this.daemon.inside(process.execPath, commandLine, folder);
    const env = { PATH: process.env.PATH, REPL_RUNNER_URL: 'http://127.0.0.1:8080' };
    const child = spawn(command, options, {
      cwd: root,
      env,
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: commandTimeoutMs,
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (said += data.toString()));
    child.stdin.end(program);
    await new Promise((resolve) => child.once('close', resolve));
    return said.trim();
  }

  /** All that is there of it; sandboxes, which may outlive their runner, left out. */
  async parts(): Promise<string[]> {
    const of = ['--quiet', '--filter', `label=${label}`];
    const kinds = [
      ['ps', '--all'],
      ['service', 'ls'],
      ['network', 'ls'],
    ].map((kind) => this.docker(...kind, ...of));
    return (await Promise.all(kinds)).join('\n').split('\n').filter(Boolean);
  }

  async remove(): Promise<void> {
    await this.docker('stack', 'rm', name);
    await eventually('an end of the stack', async () => (await this.parts()).length === 0, commandTimeoutMs);
  }

  /** Ends the daemon with all that it has. */
  async end(): Promise<void> {
    const containers = (await this.docker('ps', '--all', '--quiet')).split('\n').filter(Boolean);
    if (containers.length > 0) await this.docker('rm', '--force', ...containers);
    await this.docker('swarm', 'leave', '--force');
    await this.daemon.remove();
  }

  async #form(): Promise<void> {
    await this.daemon.start();
    await this.#inside('ip', 'link', 'set', 'lo', 'up');
    await this.docker('swarm', 'init', '--advertise-addr', '127.0.0.1');
    // All at once, so that what they share is copied once.
    const parts = ['nginx', 'web', 'guard', 'runner'].map((part) => `repl_runner/${part}:${stackTag}`);
    const copy = 'docker save "$@" | DOCKER_HOST="$OWN" docker load';
    const env = { PATH: process.env.PATH, OWN: `unix://${this.daemon.socketPath}` };
    await run('sh', ['-ec', copy, 'copy', ...parts, `repl_runner/python:${imageTag('trixie')}`], { env });
  }

  async #inside(...command: readonly string[]): Promise<string> {
    const [program = '', ...options] = this.daemon.inside(...command);
    const { stdout } = await run(program, options, { timeout: commandTimeoutMs });
    return stdout.trim();
  }

  #env(): Record<string, string> {
    const { socketPath } = this.daemon;
    return {
      PATH: process.env.PATH ?? '',
      DOCKER_HOST: `unix://${socketPath}`,
      DOCKER_SOCKET: socketPath,
      DOCKER_GID: String(statSync(socketPath).gid),
      IMAGE_TAG: stackTag,
      GUARD_TAG: stackTag,
      NGINX_STARTS_PER_MINUTE: '6000',
      REPL_RUNNER_API_TOKEN: 'of-this-test-only-swarm',
      REPL_RUNNER_IMAGE_TAG: imageTag('trixie'),
      REPL_RUNNER_POOL: 'python=1:2',
    };
  }
}
