/**
 * docker-compose.yml as it stands, brought up under a name of its own on a free port, from images that
 * scripts/test.mjs has made. It builds nothing, and sees and removes only what is its own.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import { eventually } from '../../support/eventually.js';
import { imageTag } from '../../support/grounds.js';
import { hasChromium } from './chromium.js';

const socketPath = '/var/run/docker.sock';
const program = '/usr/bin/docker-compose';
const root = fileURLToPath(new URL('../../..', import.meta.url));
const stackTag = process.env.REPL_TEST_STACK_TAG ?? '';
/** The runner has 30 s to stop. */
const commandTimeoutMs = 120_000;

export const canCompose =
  stackTag !== '' && imageTag('trixie') !== '' && hasChromium && existsSync(program) && existsSync(socketPath);

const runProgram = promisify(execFile);

export class ComposeStack {
  /** Where nginx listens; empty until it does. */
  url = '';
  readonly #project = `repltest${randomBytes(4).toString('hex')}`;
  readonly #docker = new Docker({ socketPath });
  /** Names of all runners that there were. */
  readonly #replicas = new Set<string>();

  private constructor() {
    // Made by `start`, which takes it down again where it does not come up.
  }

  /** Resolves when a session could be started through nginx. */
  static async start(): Promise<ComposeStack> {
    const stack = new ComposeStack();
    try {
      await stack.#compose('up', '-d', '--no-build');
      stack.url = `http://127.0.0.1:${(await stack.#compose('port', 'nginx', '8080')).trim().split(':').at(-1) ?? ''}`;
      const isReady = (): Promise<boolean> =>
        fetch(`${stack.url}/ready`).then(
          ({ ok }) => ok,
          () => false,
        );
      await eventually('ready stack', isReady);
      await stack.replicas();
      return stack;
    } catch (error) {
      const log = await stack.#compose('logs', '--no-color', '--tail', '20').catch(String);
      await stack.down();
      throw new Error(`The stack did not come up; its log ends with\n${log}`, { cause: error });
    }
  }

  /** Names of its runners, as they are part of sessions' ids: those of their containers. */
  async replicas(): Promise<string[]> {
    const containers = await this.#containers('com.docker.compose.service=runner');
    const names = containers.map(({ Id }) => Id.slice(0, 12)).sort();
    for (const name of names) this.#replicas.add(name);
    return names;
  }

  /** What each container's health check says, by service; `none` where there is none. */
  async health(): Promise<Record<string, string>> {
    const containers = await this.#containers();
    const states = containers.map(({ Labels, Status }): [string, string] => {
      const [, state = 'none'] = /\((?:health: )?(\w+)\)/.exec(Status) ?? [];
      return [Labels['com.docker.compose.service'] ?? '', state];
    });
    return Object.fromEntries(states);
  }

  async scaleRunners(count: number): Promise<void> {
    await this.#compose('up', '-d', '--no-build', '--no-recreate', '--scale', `runner=${count}`);
  }

  /** As an update does: new containers, and so new names, in place of the old ones. */
  async replaceRunners(): Promise<void> {
    await this.#compose('up', '-d', '--no-build', '--no-deps', '--force-recreate', 'runner');
  }

  /** Ends and removes it. */
  async down(): Promise<void> {
    await this.replicas();
    await this.#compose('down', '--volumes');
  }

  /** All that the daemon still has of it, its sandboxes included. */
  async remains(): Promise<string[]> {
    const filters = { label: [`com.docker.compose.project=${this.#project}`] };
    const sandboxes = [...this.#replicas].map((replica) =>
      this.#docker.listContainers({ all: true, filters: { label: [`repl_runner.replica=${replica}`] } }),
    );
    const containers = [await this.#containers(), ...(await Promise.all(sandboxes))].flat();
    const networks = await this.#docker.listNetworks({ filters });
    const { Volumes: volumes } = await this.#docker.listVolumes({ filters });
    return [...containers.flatMap(({ Names }) => Names), ...[...networks, ...volumes].map(({ Name }) => Name)];
  }

  #containers(...labels: readonly string[]): Promise<Docker.ContainerInfo[]> {
    const label = [`com.docker.compose.project=${this.#project}`, ...labels];
    return this.#docker.listContainers({ all: true, filters: { label } });
  }

  async #compose(...command: readonly string[]): Promise<string> {
    const { stdout } = await runProgram(program, ['-p', this.#project, ...command], {
      cwd: root,
      env: this.#env(),
      timeout: commandTimeoutMs,
    });
    return stdout;
  }

  #env(): Record<string, string> {
    return {
      PATH: process.env.PATH ?? '',
      IMAGE_TAG: stackTag,
      GUARD_TAG: stackTag,
      REPL_RUNNER_DEPLOYMENT: this.#project,
      PUBLISH: '0',
      NGINX_STARTS_PER_MINUTE: '6000',
      DOCKER_GID: String(statSync(socketPath).gid),
      REPL_RUNNER_API_TOKEN: `of-this-test-only-${this.#project}`,
      REPL_RUNNER_IMAGE_TAG: imageTag('trixie'),
      REPL_RUNNER_POOL: 'python=1:2',
    };
  }
}
