/**
 * The few calls to the Docker daemon that sandboxes need, each typed, bounded in time and failing only with RunnerErrors.
 * It decides nothing: which calls make a sandbox, and in which order, is the driver's.
 */
import { Agent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { inspect } from 'node:util';
import { Socket } from 'node:net';
import Docker from 'dockerode';
import { z } from 'zod';
import { RunnerError } from '../../errors.js';
import { late, within } from '../../within.js';
import { dockerStatus, translateDockerError } from './docker-errors.js';
import { Turnstile } from './turnstile.js';

/** A loaded daemon was seen taking seconds; one that takes this long is as good as gone. */
const callTimeoutMs = 30_000;
/** Connections kept for the next call; every sandbox holds two more of its own. */
const idleConnections = 16;
/** The daemon takes removals one by one anyway; forty at once only made each of them run into its bound. */
const removalsAtOnce = 4;

const waitAnswer = z.object({ StatusCode: z.number() });
const infoAnswer = z.object({
  Runtimes: z.record(z.string(), z.unknown()).nullish(),
  LiveRestoreEnabled: z.boolean().nullish(),
});
const imageAnswer = z.object({
  Config: z.object({
    Labels: z.record(z.string(), z.string()).nullish(),
    Env: z.array(z.string()).nullish(),
  }),
});

/** What a daemon says of itself. */
export interface DaemonFacts {
  /** Names of the OCI runtimes that it was configured with. */
  readonly runtimes: readonly string[];
  /** Whether containers outlive it. */
  readonly liveRestore: boolean;
}

/** What an image says of itself. */
export interface ImageFacts {
  readonly labels: Readonly<Record<string, string>>;
  /** Names of the variables that it sets. */
  readonly variables: readonly string[];
}

export type ListedContainer = Pick<Docker.ContainerInfo, 'Id' | 'Image' | 'Created' | 'State' | 'Labels'>;

/** How a container ended as far as the daemon tells: its exit code, or that it is gone, or that nobody answers. */
export type ExitAnswer = { kind: 'exit'; code: number } | { kind: 'gone' } | { kind: 'unknown'; reason: string };

export class Daemon {
  readonly #docker: Docker;
  readonly #agent: Agent;
  readonly #removals = new Turnstile(removalsAtOnce);

  /** @param socketPath null takes what DOCKER_HOST and its kin say, as every Docker client does */
  constructor(socketPath: string | null = null) {
    this.#docker = new Docker(socketPath === null ? undefined : { socketPath });
    const modem: unknown = this.#docker.modem;
    const { protocol } = z.object({ protocol: z.string() }).parse(modem);
    const options = { keepAlive: true, noDelay: true, maxSockets: Infinity, maxFreeSockets: idleConnections };
    this.#agent = protocol === 'https' ? new TlsAgent(options) : new Agent(options);
    // docker-modem inspects its options, without any bound on depth, for every request: all sockets and what they hold.
    Object.assign(this.#agent, { [inspect.custom]: () => 'Agent' });
    // docker-modem takes an agent of its own making for ssh only; its published types lack the field.
    if (protocol !== 'ssh') Object.assign(this.#docker.modem, { agent: this.#agent });
  }

  async apiVersion(): Promise<string> {
    const version = await this.#call('asking for its version', () => this.#docker.version());
    return version.ApiVersion;
  }

  async facts(): Promise<DaemonFacts> {
    const info: unknown = await this.#call('asking for its settings', () => this.#docker.info());
    const { Runtimes: runtimes, LiveRestoreEnabled: liveRestore } = infoAnswer.parse(info);
    return { runtimes: Object.keys(runtimes ?? {}), liveRestore: liveRestore ?? false };
  }

  /** null when it has no such image. */
  async image(name: string): Promise<ImageFacts | null> {
    const answer: unknown = await this.#call('looking for an image', () =>
      this.#docker.getImage(name).inspect().catch(nullWhenGone),
    );
    if (answer === null) return null;
    const { Labels: labels, Env: env } = imageAnswer.parse(answer).Config;
    return { labels: labels ?? {}, variables: (env ?? []).map((entry) => entry.split('=', 1).join()) };
  }

  /** Answers the container's id. */
  async create(options: Docker.ContainerCreateOptions): Promise<string> {
    const { name, ...body } = options;
    // Undivided, all of it would stand in the query as well, the seccomp profile included.
    const divided: Docker.ContainerCreateOptions & object = { _query: { name }, _body: body } as object;
    const container = await this.#call('creating a container', () => this.#docker.createContainer(divided));
    return container.id;
  }

  async start(id: string): Promise<void> {
    await this.#call('starting a container', () => this.#docker.getContainer(id).start());
  }

  /** The raw connection, whose bytes are multiplexed. Before the start, or its first bytes are lost. */
  async attach(id: string, { stdin }: { stdin: boolean }): Promise<Socket> {
    // Without `hijack` backpressure is lost and an end() drops output.
    const options = { hijack: true, stream: true, stdin, stdout: true, stderr: stdin };
    const attaching = this.#docker.getContainer(id).attach(options);
    const socket: unknown = await this.#call('attaching', () => attaching).catch((error: unknown) => {
      // One that comes too late would stay open, and nobody would read it.
      attaching.then(destroy, () => undefined);
      throw error;
    });
    if (!(socket instanceof Socket)) {
      throw new RunnerError('driver_unavailable', 'The Docker daemon gave no two-way connection to a container.');
    }
    socket.setNoDelay(true);
    return socket;
  }

  /** Waits, unbounded, for the next exit of a container (`not-running`: also for one that is past). Never rejects. */
  async exit(id: string, condition: 'next-exit' | 'not-running', signal: AbortSignal): Promise<ExitAnswer> {
    try {
      const answer: unknown = await this.#docker.getContainer(id).wait({ condition, abortSignal: signal });
      return { kind: 'exit', code: waitAnswer.parse(answer).StatusCode };
    } catch (error) {
      if (dockerStatus(error) === 404) return { kind: 'gone' };
      return { kind: 'unknown', reason: translateDockerError(error, 'waiting for a container').message };
    }
  }

  /** Kills and removes it with its volumes. Answers whether it is known to be gone; false while a removal is under way. */
  async remove(idOrName: string): Promise<boolean> {
    const remove = async () => {
      try {
        await this.#docker.getContainer(idOrName).remove({ force: true, v: true });
        return true;
      } catch (error) {
        if (dockerStatus(error) === 404) return true;
        if (dockerStatus(error) === 409) return false;
        throw error;
      }
    };
    return this.#removals.pass(() => this.#call('removing a container', remove));
  }

  async exists(idOrName: string): Promise<boolean> {
    return (await this.#inspect(idOrName)) !== null;
  }

  async isRunning(idOrName: string): Promise<boolean> {
    return (await this.#inspect(idOrName))?.State.Running ?? false;
  }

  /** Containers with all of these labels, in any state. */
  async list(labels: Readonly<Record<string, string>>): Promise<ListedContainer[]> {
    return this.#call('listing containers', () =>
      this.#docker.listContainers({
        all: true,
        filters: { label: Object.entries(labels).map(([name, value]) => `${name}=${value}`) },
      }),
    );
  }

  /** Lets go of idle connections; those of live sandboxes are theirs. */
  close(): void {
    this.#agent.destroy();
  }

  #inspect(idOrName: string): Promise<Docker.ContainerInspectInfo | null> {
    const inspect = () => this.#docker.getContainer(idOrName).inspect().catch(nullWhenGone);
    return this.#call('inspecting a container', inspect);
  }

  async #call<T>(doing: string, request: () => Promise<T>): Promise<T> {
    try {
      const answer = await within(callTimeoutMs, request());
      if (answer === late) throw new Error(`no answer within ${callTimeoutMs} ms`);
      return answer;
    } catch (error) {
      throw translateDockerError(error, doing);
    }
  }
}

function destroy(socket: unknown): void {
  if (socket instanceof Socket) socket.destroy();
}

function nullWhenGone(error: unknown): null {
  if (dockerStatus(error) === 404) return null;
  throw error;
}
