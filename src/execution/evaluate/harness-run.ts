/** One process of evaluate.py, from its start to its end, under the runner's own clock beside the harness's. */
import { GrowingBuffer } from '../growing-buffer.js';
import type { RunOutcome } from '../outcome.js';
import { run, type OutputName, type RunResult } from '../run.js';
import type { LoadFailure } from './evaluation.js';
import type { HarnessJob, HarnessPlace } from './harness.js';
import { LineReader, parseReport, type CaseReport, type Failure, type Report } from './harness-report.js';

/** For the interpreter, and for the imports and statements of the user's module, in milliseconds. */
const loadMs = 20_000;
/** What a harness may need beyond a case's own wall time to end its processes and to report. */
const slackMs = 6_000;
/** Of what code prints while it is loaded. */
const maxLoadOutputBytes = 64 * 1024;

/** How many bytes the harnesses of one evaluation may still report, all together. */
export interface ReportBudget {
  left: number;
}

export interface HarnessProgress {
  /** The index of the case to begin with. */
  readonly first: number;
  readonly budget: ReportBudget;
  onCase(report: CaseReport): void;
}

export interface HarnessEnd {
  readonly loaded: boolean;
  /** Why it was not loaded; means nothing where it was. */
  readonly failure: LoadFailure;
  /** How the process ended; `wall_timeout` where it did not report in time. */
  readonly outcome: RunOutcome;
  /** How long it was at the case in which it ended. */
  readonly caseMs: number;
}

type Ended = Pick<RunResult, 'outcome' | 'exitCode' | 'signal'>;

export class HarnessRun {
  readonly #place: HarnessPlace;
  readonly #job: HarnessJob;
  readonly #progress: HarnessProgress;
  readonly #reader = new LineReader();
  readonly #stalled = new AbortController();
  #next: number;
  #loaded = false;
  #failed: Failure | null = null;
  readonly #loadOutput = new GrowingBuffer();
  #since = performance.now();
  #timer: NodeJS.Timeout | null = null;

  constructor(place: HarnessPlace, job: HarnessJob, progress: HarnessProgress) {
    this.#place = place;
    this.#job = job;
    this.#progress = progress;
    this.#next = progress.first;
  }

  /** Resolves also when it was aborted. */
  async toEnd(signal: AbortSignal): Promise<HarnessEnd> {
    this.#arm(loadMs);
    try {
      const ended = await this.#run(signal);
      const caseMs = Math.round(performance.now() - this.#since);
      return { loaded: this.#loaded, failure: this.#loadFailure(ended), outcome: ended.outcome, caseMs };
    } finally {
      if (this.#timer !== null) clearTimeout(this.#timer);
    }
  }

  async #run(signal: AbortSignal): Promise<Ended> {
    const { connection, argv, env } = this.#place;
    const limits = {
      wallMs: this.#job.totalMs + loadMs,
      cpuMs: null,
      outputBytes: this.#progress.budget.left,
      dataBytes: null,
    };
    const onOutput = (name: OutputName, data: Buffer): void => {
      this.#progress.budget.left -= data.length;
      if (name === 'stdout') this.#onReports(data);
      else this.#onLoadOutput(data);
    };
    const stopped = AbortSignal.any([signal, this.#stalled.signal]);
    try {
      return await run(connection, { argv, env, stdin: this.#request(), limits, onOutput }, stopped);
    } catch (error) {
      if (!stopped.aborted) throw error;
      return { outcome: 'wall_timeout', exitCode: null, signal: 'SIGKILL' };
    }
  }

  /** Inputs and limits of the cases that are left, and never what is expected of them. */
  #request(): Buffer {
    const { source, entryPoint, cases } = this.#job;
    const { code, file } = { code: null, file: null, ...source };
    const left = cases.map(({ input, limits }, index) => ({
      index,
      input,
      wall_seconds: limits.wallMs / 1000,
      cpu_seconds: limits.cpuMs / 1000,
      memory_bytes: limits.memoryBytes,
      output_bytes: limits.outputBytes,
    }));
    const request = { code, file, entry_point: entryPoint, cases: left.slice(this.#next) };
    return Buffer.from(JSON.stringify(request));
  }

  /** Throws where it speaks out of turn, which ends it: the code that it has loaded has taken it over. */
  #onReports(data: Buffer): void {
    for (const line of this.#reader.push(data)) this.#onReport(parseReport(line));
  }

  #onReport(report: Report): void {
    if (report.event === 'failed' && !this.#loaded) this.#failed = report.failure;
    else if (report.event === 'loaded' && !this.#loaded) this.#loaded = true;
    else if (report.event === 'case' && this.#loaded && report.index === this.#next) {
      this.#next += 1;
      this.#progress.onCase(report);
    } else throw new RangeError('a report out of turn');
    this.#arm((this.#job.cases[this.#next]?.limits.wallMs ?? 0) + slackMs);
  }

  #onLoadOutput(data: Buffer): void {
    if (!this.#loaded) this.#loadOutput.append(data.subarray(0, maxLoadOutputBytes - this.#loadOutput.length));
  }

  #arm(milliseconds: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#since = performance.now();
    this.#timer = setTimeout(() => {
      this.#stalled.abort(new Error('the harness does not report'));
    }, milliseconds);
  }

  #loadFailure({ outcome, exitCode, signal }: Ended): LoadFailure {
    const output = this.#loadOutput.bytes.toString();
    const failed = this.#failed;
    if (failed !== null) return { outcome: failed.kind, message: failed.message, traceback: failed.traceback, output };
    if (outcome === 'ok' || outcome === 'runtime_error') {
      const message = `The interpreter ended with exit code ${exitCode ?? 0} while the code was loaded.`;
      return { outcome: 'runtime_error', message, traceback: null, output };
    }
    const how = signal === null ? '' : ` by ${signal}`;
    const message = endings[outcome] ?? `The interpreter was ended${how} while the code was loaded.`;
    return { outcome, message, traceback: null, output };
  }
}

const endings: Partial<Record<RunOutcome, string>> = {
  wall_timeout: `The code was not loaded within ${loadMs / 1000} s.`,
  out_of_memory: 'The memory of the sandbox was used up while the code was loaded.',
  output_limit: 'The code printed too much while it was loaded.',
  infrastructure: 'The sandbox was lost while the code was loaded.',
};
