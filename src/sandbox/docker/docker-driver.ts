/**
 * Makes sandboxes that are Docker containers, finds those that are there, and checks that the daemon can serve at all.
 * They outlive the runner: their agents end them when no runner speaks to them. It keeps no list of its own; the daemon's
 * labels are the truth.
 */
import { agentCommand } from '../../agent/command.js';
import { RunnerError } from '../../errors.js';
import { contentLabel, imageContent } from '../../language/image-content.js';
import type { Language } from '../../language/language.js';
import type { FoundSandbox, Sandbox, SandboxDriver, SandboxSpec } from '../sandbox.js';
import { AttachStream } from './attach-stream.js';
import { deploymentLabels, specOfLabels } from './container-labels.js';
import { containerOptions } from './container-options.js';
import { Daemon, type ListedContainer } from './daemon.js';
import { DockerSandbox } from './docker-sandbox.js';
import { listenTo } from './listener.js';
import { reachContainer } from './reach-container.js';
import { removeContainer } from './remove-container.js';

/** The first version whose options we use are all there in (Docker 20.10). */
const oldestApi = [1, 41] as const;
/** A container that is not running yet may be a sibling's between create and start. */
const stillStartingMs = 60_000;
/** What a container is that never ran, or does so no more; one that is paused may go on. */
const deadStates: readonly string[] = ['created', 'exited', 'dead'];

export interface DockerDriverOptions {
  /** Where the languages are described, to tell an image that was built from other files. */
  readonly imagesFolder: string;
  /** JSON text of a seccomp profile; null leaves Docker's own. */
  readonly seccompProfile: string | null;
  /** The replicas of one deployment find each other's sandboxes, and no others. */
  readonly deployment: string;
  /** OCI runtime that the daemon was configured with, e.g. `runsc`; null is its default. */
  readonly runtime: string | null;
  /** The daemon's socket; by default what DOCKER_HOST and its kin say. */
  readonly socketPath?: string;
  /** argv of PID 1; by default the agent's. */
  readonly command?: (spec: SandboxSpec) => readonly string[];
}

export class DockerDriver implements SandboxDriver {
  readonly name = 'docker';
  readonly sandboxesOutliveRunner = true;
  readonly #daemon: Daemon;
  #languages: readonly Language[] = [];
  readonly #imageVariables = new Map<string, readonly string[]>();
  #liveRestore = false;
  /** Containers that should be gone, but whose removal failed. */
  #left: ReadonlySet<string> = new Set();

  constructor(private readonly options: DockerDriverOptions) {
    this.#daemon = new Daemon(options.socketPath ?? null);
  }

  async prepare(languages: readonly Language[]): Promise<void> {
    checkApi(await this.#daemon.apiVersion());
    const { runtimes, liveRestore } = await this.#daemon.facts();
    checkRuntime(this.options.runtime, runtimes);
    this.#liveRestore = liveRestore;
    for (const language of languages) await this.#checkImage(language);
    this.#languages = languages;
  }

  knownWeaknesses(): readonly { name: string; why: string }[] {
    return [];
  }

  async create(spec: SandboxSpec, signal: AbortSignal): Promise<Sandbox> {
    throwIfAborted(signal);
    const options = containerOptions(spec, {
      seccompProfile: this.options.seccompProfile,
      runtime: this.options.runtime,
      deployment: this.options.deployment,
      command: (this.options.command ?? agentCommand)(spec),
      imageVariables: this.#imageVariables.get(spec.language.image) ?? [],
      // A daemon older than 24.0.8 that comes back ends what it would remove, live-restore or not (moby issue 46308).
      autoRemove: !this.#liveRestore,
    });
    // An abort never cuts a request short: the daemon might finish what it asked for, and nobody would know of it.
    const id = await this.#daemon.create(options);
    let sandbox: DockerSandbox | null = null;
    try {
      throwIfAborted(signal);
      sandbox = await this.#take(id, spec, 'next-exit');
      throwIfAborted(signal);
      await this.#daemon.start(id);
      throwIfAborted(signal);
      return sandbox;
    } catch (error) {
      const undone = sandbox === null ? removeContainer(this.#daemon, id) : sandbox.destroy();
      // The first failure is the one that matters; what could not be removed is found again by `list`.
      await undone.catch(() => undefined);
      throw error;
    }
  }

  async list(): Promise<readonly FoundSandbox[]> {
    const containers = await this.#daemon.list(deploymentLabels(this.options.deployment));
    const settled = Date.now() - stillStartingMs;
    this.#left = new Set(containers.map(({ Id }) => Id).filter((id) => this.#left.has(id)));
    return containers
      .filter(({ Id, State, Created }) => State === 'running' || Created * 1000 < settled || this.#left.has(Id))
      .map((container) => this.#found(container));
  }

  close(): Promise<void> {
    this.#daemon.close();
    return Promise.resolve();
  }

  #found(container: ListedContainer): FoundSandbox {
    const read = specOfLabels(container.Labels, this.#languages);
    const problem = container.State === 'running' ? read.problem : `its container is ${container.State}`;
    const check = (signal: AbortSignal) => {
      throwIfAborted(signal);
      if (problem !== null) throw new RunnerError('sandbox_failed', `A sandbox cannot be taken up again: ${problem}.`);
    };
    return {
      spec: read.spec,
      createdAt: new Date(container.Created * 1000),
      dead: deadStates.includes(container.State) || this.#left.has(container.Id),
      reattach: async (signal) => {
        check(signal);
        const sandbox = await this.#take(container.Id, read.spec, 'not-running');
        if (signal.aborted) sandbox.stream.destroy();
        throwIfAborted(signal);
        return sandbox;
      },
      listen: async (signal) => {
        check(signal);
        const listening = listenTo(await this.#daemon.attach(container.Id, { stdin: false }));
        if (signal.aborted) listening.close();
        throwIfAborted(signal);
        return listening;
      },
      destroy: () => removeContainer(this.#daemon, container.Id),
    };
  }

  /** Attaches, and has the daemon say when it ends. */
  async #take(id: string, spec: SandboxSpec, condition: 'next-exit' | 'not-running'): Promise<DockerSandbox> {
    const stream = new AttachStream(await this.#daemon.attach(id, { stdin: true }));
    const waiting = new AbortController();
    return new DockerSandbox({
      daemon: this.#daemon,
      containerId: id,
      spec,
      stream,
      exit: this.#daemon.exit(id, condition, waiting.signal),
      stopWaiting: () => {
        waiting.abort();
      },
      onLeft: () => {
        this.#left = new Set([...this.#left, id]);
      },
      ...(this.#liveRestore ? { recover: (signal) => this.#recover(id, spec, signal) } : {}),
    });
  }

  /** A daemon with live-restore that goes away leaves its containers running. */
  async #recover(id: string, spec: SandboxSpec, signal: AbortSignal): Promise<DockerSandbox> {
    const sandbox = await reachContainer(this.#daemon, id, signal, () => this.#take(id, spec, 'not-running'));
    if (signal.aborted) sandbox.stream.destroy();
    throwIfAborted(signal);
    return sandbox;
  }

  async #checkImage({ name, image }: Language): Promise<void> {
    const facts = await this.#daemon.image(image);
    const remedy = `Build it with \`npm run images -- ${name}\`.`;
    if (facts === null) throw new RunnerError('driver_unavailable', `There is no image ${image}. ${remedy}`);
    if (facts.labels[contentLabel] !== (await imageContent(this.options.imagesFolder, name))) {
      const stale = `The image ${image} was built from other files than this runner's. ${remedy}`;
      throw new RunnerError('driver_unavailable', stale);
    }
    this.#imageVariables.set(image, facts.variables);
  }
}

function checkRuntime(runtime: string | null, known: readonly string[]): void {
  if (runtime === null || known.includes(runtime)) return;
  const remedy = `Add it to the daemon's configuration or set REPL_RUNNER_DOCKER_RUNTIME to one of: ${known.join(', ')}.`;
  throw new RunnerError('driver_unavailable', `The Docker daemon knows no runtime ${runtime}. ${remedy}`);
}

function checkApi(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor, oldestMinor] = oldestApi;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  const oldest = oldestApi.join('.');
  const problem = `The Docker daemon speaks API ${version}; ${oldest} (Docker 20.10) or newer is needed.`;
  throw new RunnerError('driver_unavailable', problem);
}

function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted)
    throw new RunnerError('sandbox_failed', 'The sandbox is no longer wanted.', { cause: signal.reason });
}
