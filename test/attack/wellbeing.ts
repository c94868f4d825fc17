/**
 * Whether those around an attacked session stay well: the runner (it answers, its memory and descriptors do not grow), the
 * host (no process is left, nothing of it has changed) and a neighbour (who types on). Throws with what is wrong.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/eventually.js';
import type { AttackedRunner } from './attacked-runner.js';
import { startTimeOf, type HostProcess } from './scene.js';

/** Kept connections to the daemon and a pool that refills come and go; what leaks with each attack is more. */
const descriptorSlack = 24;
/** V8 gives pages back late. */
const memorySlackMib = 96;
/** What the start of an interpreter takes on a machine with others on it; a session that is held up waits for much longer. */
export const promptlyMs = 3_000;
const clockSlackMs = 2_000;
/** A daemon with hundreds of others to remove takes its time. */
const removedWithinMs = 60_000;
/** Seen from inside both kinds of sandboxes, by name at least. */
const watched = ['/etc/passwd', '/etc/hosts', '/usr/bin/env', '/usr/bin/python3'];

const text = 'nobody but the host writes here\n';

export class Wellbeing {
  readonly #folder = mkdtempSync(join(tmpdir(), 'attack-canary-'));
  readonly #canary = join(this.#folder, 'canary');
  readonly #host: string;
  readonly #clock: number;
  #descriptors = 0;
  #memoryMib = 0;

  constructor(private readonly runner: AttackedRunner) {
    writeFileSync(this.#canary, text, { mode: 0o666 });
    this.#host = hostState();
    this.#clock = Date.now() - performance.now();
  }

  /** Takes the runner's measure; what comes later is compared with it. */
  async measure(): Promise<void> {
    await eventually('a full pool', async () => {
      const { body } = await this.runner.call('GET', '/ready');
      return (body as { warm: { python: number } }).warm.python >= 2;
    });
    this.#descriptors = descriptorsOf(this.runner.program.pid);
    this.#memoryMib = memoryMibOf(this.runner.program.pid);
  }

  /** @param agent of the attacker's sandbox, which has been ended */
  async check(agent: HostProcess | null): Promise<void> {
    await this.#runnerIsWell();
    await this.#hostIsWell(agent);
    const tookMs = await this.runner.neighbour.echo();
    if (tookMs > promptlyMs) throw new Error(`the neighbour's echo took ${Math.round(tookMs)} ms`);
  }

  async #runnerIsWell(): Promise<void> {
    const { status } = await this.runner.call('GET', '/alive');
    if (status !== 200) throw new Error(`GET /alive: ${status}`);
    const { pid } = this.runner.program;
    const tooMany = () => `descriptors: ${descriptorsOf(pid)} instead of ${this.#descriptors}`;
    await eventually(tooMany, () => descriptorsOf(pid) <= this.#descriptors + descriptorSlack);
    const tooMuch = () => `memory: ${memoryMibOf(pid)} MiB instead of ${this.#memoryMib}`;
    await eventually(tooMuch, () => memoryMibOf(pid) <= this.#memoryMib + memorySlackMib);
  }

  async #hostIsWell(agent: HostProcess | null): Promise<void> {
    if (agent !== null) {
      const gone = () => startTimeOf(agent.pid) !== agent.startTime;
      await eventually(`the end of process ${agent.pid}`, gone, removedWithinMs);
    }
    if (readFileSync(this.#canary, 'utf8') !== text) throw new Error('the canary file has changed');
    if (hostState() !== this.#host) throw new Error('the host has changed');
    const driftMs = Math.abs(Date.now() - performance.now() - this.#clock);
    if (driftMs > clockSlackMs) throw new Error(`the host's clock has moved by ${Math.round(driftMs)} ms`);
  }

  close(): void {
    rmSync(this.#folder, { recursive: true });
  }
}

function hostState(): string {
  const files = watched.map((path) => {
    const { size, mtimeMs, ino } = statSync(path);
    return `${path} ${size} ${mtimeMs} ${ino}`;
  });
  return [hostname(), ...files].join('\n');
}

function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function memoryMibOf(pid: number): number {
  const [, kib = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kib) / 1024);
}
