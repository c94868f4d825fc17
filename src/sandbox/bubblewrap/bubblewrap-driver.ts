/**
 * The driver that makes each sandbox from one bwrap process, without a daemon and without root. It refuses to work where
 * a trial sandbox fails, and never runs anything unsandboxed. Its sandboxes end with the runner.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { open, writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { addAbortSignal, Readable, type Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { agentCommand, compileCommand } from '../../agent/command.js';
import { RunnerError } from '../../errors.js';
import type { Language } from '../../language/language.js';
import { defaultLimits } from '../limits.js';
import type { FoundSandbox, Sandbox, SandboxDriver, SandboxSpec } from '../sandbox.js';
import { compileSeccomp } from '../seccomp/bpf.js';
import { seccompProfile } from '../seccomp/seccomp-profile.js';
import { BubblewrapSandbox } from './bubblewrap-sandbox.js';
import { bwrapArguments, type SandboxRoot } from './bwrap-arguments.js';
import { probeBwrap } from './bwrap-features.js';
import type { Cgroup } from './cgroup.js';
import { CgroupHierarchy } from './cgroup-hierarchy.js';
import { inheritedFds } from './inherited-fds.js';
import { launchCommand, withProcessLimit } from './launch-command.js';
import { killOrphans } from './orphans.js';
import { hasProgram, readSandboxRoot } from './sandbox-root.js';
import { assertSpareFds } from './spare-fds.js';
import { Stage } from './stage.js';
import { programMissing, unavailable } from './unavailable.js';

export interface BubblewrapDriverOptions {
  /** The repository's `images` folder. */
  readonly imagesFolder: string;
  /** A directory that holds a root file system, shown read-only in place of the host's. */
  readonly rootfs?: string;
  /** argv of PID 1; the agent's unless given. */
  readonly command?: (spec: SandboxSpec) => string[];
  /** False leaves cgroups alone and relies on rlimits. */
  readonly cgroups?: boolean;
}

/** What `prepare` found out and laid out. */
interface Ground {
  readonly root: SandboxRoot;
  readonly stage: Stage;
  readonly cgroups: CgroupHierarchy;
  readonly disableUserns: boolean;
  readonly closeFds: readonly number[];
}

interface Launch {
  readonly ground: Ground;
  readonly spec: SandboxSpec;
  readonly command: readonly string[];
}

/** Of the launcher alone: bwrap clears it. */
const launcherEnv = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' };
/** A second, unless the machine is starved. */
const compiledWithinMs = 30_000;
const seccompFd = 3;
const infoFd = 4;
const seccompFile = 'seccomp.bpf';
const hostTools = ['sh', 'prlimit', 'setpriv'];

/** From 5.14 on RLIMIT_NPROC counts within the sandbox's user namespace; before, all sandboxes of one uid together. */
function countsProcessesPerNamespace(kernel: string): boolean {
  const [major = 0, minor = 0] = kernel.split('.').map(Number);
  return major > 5 || (major === 5 && minor >= 14);
}

function trialSpec(language: Language): SandboxSpec {
  const identity = { sessionId: 'trial', viewId: 'trial', replica: 'trial' };
  return { identity, language, limits: defaultLimits, orphanSeconds: 10 };
}

/** Waits for `work`, or for the signal to abort. Leaves no listener on the signal. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | 'aborted'> {
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<'aborted'>((resolve) => {
    onAbort = () => {
      resolve('aborted');
    };
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

export class BubblewrapDriver implements SandboxDriver {
  readonly name = 'bubblewrap';
  readonly sandboxesOutliveRunner = false;
  readonly #options: BubblewrapDriverOptions;
  #ground: Ground | null = null;

  constructor(options: BubblewrapDriverOptions) {
    this.#options = options;
  }

  async prepare(languages: readonly Language[]): Promise<void> {
    await this.close();
    const features = await probeBwrap(launcherEnv);
    this.#requirePrograms(languages);
    const closeFds = inheritedFds();
    if (closeFds.length > 0 && !hasProgram('/', 'bash'))
      throw programMissing('bash', 'Install it, to close descriptors.');
    killOrphans();
    const root = this.#options.rootfs ?? '/';
    const cgroups = this.#options.cgroups === false ? CgroupHierarchy.none() : await CgroupHierarchy.find();
    await cgroups.sweep();
    const languageNames = languages.map(({ name }) => name);
    const stage = await Stage.lay({ imagesFolder: this.#options.imagesFolder, languageNames, root });
    const ground = { root: readSandboxRoot(root), stage, cgroups, disableUserns: features.disableUserns, closeFds };
    try {
      await writeFile(stage.path(seccompFile), this.#compileFilter());
      const [language] = languages;
      if (language !== undefined) await this.#tryOut(ground, language);
    } catch (error) {
      await stage.remove();
      throw error;
    }
    this.#ground = ground;
  }

  knownWeaknesses(): readonly { name: string; why: string }[] {
    const cgroups = this.#ground?.cgroups ?? CgroupHierarchy.none();
    const processes = cgroups.limits('pids') || countsProcessesPerNamespace(release());
    const unlimited = 'no cgroup can be written here';
    return [
      { name: 'inodes', why: 'bwrap cannot limit the number of files in a tmpfs' },
      ...(cgroups.limits('memory')
        ? []
        : [{ name: 'total-memory', why: `${unlimited}: only each process is limited` }]),
      ...(cgroups.limits('cpu') ? [] : [{ name: 'cpu', why: unlimited }]),
      ...(processes ? [] : [{ name: 'processes', why: `${unlimited}, and kernels before 5.14 count per user` }]),
    ];
  }

  async create(spec: SandboxSpec, signal: AbortSignal): Promise<Sandbox> {
    if (this.#ground === null) throw new RunnerError('driver_unavailable', 'The bubblewrap driver is not prepared.');
    const command = (this.#options.command ?? agentCommand)(spec);
    return this.#launch({ ground: this.#ground, spec, command }, signal);
  }

  list(): Promise<readonly FoundSandbox[]> {
    return Promise.resolve([]);
  }

  async close(): Promise<void> {
    const stage = this.#ground?.stage;
    this.#ground = null;
    await stage?.remove();
  }

  #requirePrograms(languages: readonly Language[]): void {
    for (const tool of hostTools) {
      if (!hasProgram('/', tool)) throw programMissing(tool, 'Install it: apt-get install util-linux.');
    }
    const inside = new Set(['python3', 'prlimit', ...languages.flatMap(({ hostPrograms }) => hostPrograms)]);
    const root = this.#options.rootfs ?? '/';
    for (const program of inside) {
      if (hasProgram(root, program)) continue;
      throw programMissing(program, `Install it in ${root} where every user finds it, e.g. in /usr/bin.`);
    }
  }

  #compileFilter(): Buffer {
    const { arch } = process;
    if (arch === 'x64' || arch === 'arm64') return compileSeccomp(seccompProfile, arch);
    throw new RunnerError('driver_unavailable', `No system call filter exists for ${arch}: use x64 or arm64.`);
  }

  /** Makes one sandbox, and in it what its Python compiles of the agent: the others then find that beside the agent. */
  async #tryOut(ground: Ground, language: Language): Promise<void> {
    const launch = { ground, spec: trialSpec(language), command: compileCommand };
    const trial = await this.#launch(launch, AbortSignal.timeout(10_000)).catch((error: unknown) => {
      throw unavailable(error instanceof Error ? error.message : String(error));
    });
    const late = AbortSignal.timeout(compiledWithinMs);
    try {
      const compiling = text(addAbortSignal(late, trial.stream));
      const [compiled, { exitCode, reason }] = await Promise.all([compiling, trial.ended]);
      if (exitCode !== 0) throw unavailable(reason);
      await ground.stage.addCompiled(compiled);
    } catch (error) {
      if (late.aborted) throw unavailable(`its first sandbox did not end within ${compiledWithinMs / 1000} s`);
      throw error;
    } finally {
      await trial.destroy();
    }
  }

  async #launch(launch: Launch, signal: AbortSignal): Promise<Sandbox> {
    signal.throwIfAborted();
    const sandbox = await this.#make(launch).catch((cause: unknown) => {
      if (cause instanceof RunnerError) throw cause;
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new RunnerError('sandbox_failed', `This host could not make a sandbox: ${why}.`, { cause });
    });
    const outcome = await unlessAborted(sandbox.started, signal);
    if (outcome === true) return sandbox;
    const { reason } = outcome === 'aborted' ? { reason: '' } : await sandbox.ended;
    await sandbox.destroy();
    signal.throwIfAborted();
    throw new RunnerError('sandbox_failed', `bwrap could not make a sandbox: ${reason}`);
  }

  async #make(launch: Launch): Promise<BubblewrapSandbox> {
    const cgroup = await launch.ground.cgroups.create(launch.spec.limits);
    return await this.#spawn(launch, cgroup).catch(async (error: unknown) => {
      await cgroup.remove();
      throw error;
    });
  }

  #argv({ ground, spec, command }: Launch, cgroup: Cgroup): [string, ...string[]] {
    const { root, stage, cgroups, disableUserns, closeFds } = ground;
    const { limits } = spec;
    const countHere = !cgroups.limits('pids') && countsProcessesPerNamespace(release());
    const bwrap = bwrapArguments({
      ...{ root, limits, disableUserns, seccompFd, infoFd },
      ...{ etcFolder: stage.etcFolder, agentFolder: stage.agentFolder, cgroupBinds: cgroup.binds },
      command: countHere ? withProcessLimit(command, limits.processes) : command,
    });
    const runnerIsRoot = process.getuid?.() === 0;
    const memoryByCgroup = cgroups.limits('memory');
    const cgroupProcs = cgroup.procsFiles;
    return launchCommand({ limits, runnerIsRoot, cgroupProcs, closeFds, memoryByCgroup, bwrap });
  }

  async #spawn(launch: Launch, cgroup: Cgroup): Promise<BubblewrapSandbox> {
    const [program, ...args] = this.#argv(launch, cgroup);
    const filter = await open(launch.ground.stage.path(seccompFile), 'r');
    try {
      assertSpareFds();
      const child = spawn(program, args, {
        // Out of the runner's group: a Ctrl-C at the runner's terminal is for the runner, which ends its sandboxes in order.
        detached: true,
        ...{ cwd: '/', env: launcherEnv },
        stdio: ['pipe', 'pipe', 'pipe', filter.fd, 'pipe'],
      });
      // Its exit or its missing pipes tell; an error that nobody listens for would end the runner.
      child.on('error', () => undefined);
      // Where descriptors gave out there are no pipes, whatever the types say.
      const info = (child.stdio as typeof child.stdio | undefined)?.[infoFd];
      if (!(info instanceof Readable))
        throw new RunnerError('sandbox_failed', 'spawn gave no pipe for bwrap to report on.');
      // stdio above makes the first three pipes.
      const bwrap = child as ChildProcessByStdio<Writable, Readable, Readable>;
      return new BubblewrapSandbox({ spec: launch.spec, bwrap, cgroup, info });
    } finally {
      await filter.close();
    }
  }
}
