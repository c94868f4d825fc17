/**
 * One bwrap process and what belongs to it: its stream, its end, its cgroup. It kills by bwrap's own pid only (the PID
 * namespace dies with it), and counts as gone when the kernel says so: first process away, cgroup removed.
 */
import type { ChildProcessByStdio } from 'node:child_process';
import type { Duplex, Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { RunnerError } from '../../errors.js';
import { late, within } from '../../within.js';
import type { Sandbox, SandboxEnd, SandboxSpec } from '../sandbox.js';
import { StderrTail } from '../stderr-tail.js';
import type { Cgroup } from './cgroup.js';
import { ProcessStream } from './process-stream.js';
import { processStartTime } from './runner-mark.js';

export type BwrapProcess = ChildProcessByStdio<Writable, Readable, Readable>;

export interface BubblewrapSandboxParts {
  readonly spec: SandboxSpec;
  readonly bwrap: BwrapProcess;
  readonly cgroup: Cgroup;
  /** Where bwrap writes the pid of the sandbox's first process, as JSON. */
  readonly info: Readable;
}

interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** SIGKILL needs no more than a scheduler's turn, unless the machine is starved or a disk hangs. */
const goneWithinMs = 10_000;
/** bwrap makes its first process within milliseconds. */
const startedWithinMs = 5000;
const pollMs = 2;
/** What a shell, and bwrap, report for a process killed by SIGKILL. */
const killedExitCode = 137;

/** Resolves with the pid in bwrap's info, or null when bwrap ends without giving one. */
async function readFirstPid(info: Readable): Promise<number | null> {
  let text = '';
  try {
    for await (const chunk of info) {
      text += String(chunk);
      // bwrap writes in several pieces, and SIGPIPE would end it if the pipe were closed before the last.
      const pid = /"child-pid": (\d+)[^}]*\}/.exec(text)?.[1];
      if (pid !== undefined) return Number(pid);
    }
  } catch {
    // The pipe broke: bwrap is gone.
  }
  return null;
}

export class BubblewrapSandbox implements Sandbox {
  readonly spec: SandboxSpec;
  readonly outlivesRunner = false;
  readonly stream: Duplex;
  readonly ended: Promise<SandboxEnd>;
  /** Resolves when bwrap made the sandbox's first process; false when it ended before. */
  readonly started: Promise<boolean>;
  readonly #process: BwrapProcess;
  readonly #cgroup: Cgroup;
  readonly #stderr = new StderrTail();
  #firstProcess: { pid: number; startTime: string | null } | null = null;
  #killed = false;
  #leftBehind: unknown = null;

  constructor({ spec, bwrap, cgroup, info }: BubblewrapSandboxParts) {
    this.spec = spec;
    this.#process = bwrap;
    this.#cgroup = cgroup;
    bwrap.stderr.on('error', () => undefined); // the pipe breaks with the process, whose exit says why
    bwrap.stderr.on('data', (chunk: Buffer) => {
      this.#stderr.push(chunk);
    });
    this.stream = new ProcessStream(bwrap.stdin, bwrap.stdout);
    this.stream.on('error', () => undefined); // `ended` tells; a consumer may listen as well
    const exit = new Promise<Exit>((resolve) => {
      bwrap.once('error', () => {
        resolve({ code: null, signal: null });
      });
      bwrap.once('exit', (code, signal) => {
        resolve({ code, signal });
      });
    });
    this.started = this.#start(info);
    this.ended = exit.then((how) => this.#finish(how));
  }

  async destroy(): Promise<void> {
    this.#killed ||= this.#process.exitCode === null && this.#process.signalCode === null;
    this.stream.destroy();
    // Killed before it named its first process, bwrap would leave that one waiting for ever.
    await within(startedWithinMs, this.started);
    this.#process.kill('SIGKILL');
    if ((await within(goneWithinMs, this.ended)) === late) {
      throw new RunnerError('sandbox_failed', 'A sandbox did not end after SIGKILL.');
    }
    if (this.#leftBehind !== null) {
      throw new RunnerError('sandbox_failed', 'A sandbox left something behind.', { cause: this.#leftBehind });
    }
  }

  async #start(info: Readable): Promise<boolean> {
    const pid = await readFirstPid(info);
    info.destroy();
    if (pid !== null) this.#firstProcess = { pid, startTime: processStartTime(pid) };
    return pid !== null;
  }

  async #finish(exit: Exit): Promise<SandboxEnd> {
    const oomKills = await this.#cgroup.oomKills().catch(() => 0);
    const outOfMemory = !this.#killed && oomKills > 0 && (exit.code === killedExitCode || exit.signal === 'SIGKILL');
    try {
      await this.started;
      await this.#firstProcessGone();
      await this.#cgroup.remove();
    } catch (error) {
      this.#leftBehind = error;
    }
    return { exitCode: exit.code, outOfMemory, reason: this.#reason(exit, outOfMemory) };
  }

  /**
   * When bwrap is killed, the kernel kills the sandbox's first process next, and everything with it. One that was not yet
   * tied to bwrap is killed from here; its start time tells that the pid is still its own.
   */
  async #firstProcessGone(): Promise<void> {
    const first = this.#firstProcess;
    if (first?.startTime == null) return;
    const giveUpAt = performance.now() + goneWithinMs / 2;
    while (performance.now() < giveUpAt) {
      if (processStartTime(first.pid) !== first.startTime) return;
      try {
        process.kill(first.pid, 'SIGKILL');
      } catch {
        // It went between the two lines.
      }
      await delay(pollMs);
    }
    throw new RunnerError('sandbox_failed', `The sandbox's first process ${first.pid} outlives bwrap.`);
  }

  #reason({ code, signal }: Exit, outOfMemory: boolean): string {
    if (this.#killed) return 'destroyed';
    const how = signal === null ? `exit code ${code ?? 'unknown'}` : `signal ${signal}`;
    return [outOfMemory ? 'out of memory' : how, this.#stderr.text].filter((part) => part !== '').join(': ');
  }
}
