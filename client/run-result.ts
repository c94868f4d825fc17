/** What became of a run as the runner tells it, and the way from its JSON. Pure. */
import { asRecord } from './record.js';

export interface RunOutput {
  /** Empty where it was handed over piece by piece. */
  readonly bytes: Uint8Array;
  /** The same as text; what is not UTF-8 in it shows as U+FFFD. */
  readonly text: string;
  readonly truncated: boolean;
}

export interface RunStep {
  /** `ok`, `runtime_error`, `wall_timeout` and so on; see docs/api.md. */
  readonly outcome: string;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: RunOutput;
  readonly stderr: RunOutput;
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly maxRssBytes: number;
}

export interface RunResult extends RunStep {
  /** Null where the language builds nothing. Where it did not go well, the program was not run. */
  readonly build: RunStep | null;
  readonly created: readonly string[];
  readonly changed: readonly string[];
  readonly deleted: readonly string[];
  /** Whether more files have changed than are told, or may have. */
  readonly filesTruncated: boolean;
  /** How long a run in a sandbox of its own waited for it; null in a session. */
  readonly waitedMs: number | null;
}

/** null where it is not what a runner answers. */
export function parseRun(value: unknown): RunResult | null {
  const fields = asRecord(value);
  const step = stepOf(fields);
  if (fields === null || step === null) return null;
  const waited = asRecord(fields.queue)?.waited_ms;
  return {
    ...step,
    build: stepOf(asRecord(fields.build)),
    created: names(fields.created),
    changed: names(fields.changed),
    deleted: names(fields.deleted),
    filesTruncated: fields.files_truncated === true,
    waitedMs: typeof waited === 'number' ? waited : null,
  };
}

/** The bytes of a piece of output: its `content`, or its `base64`. */
export function bytesOf(piece: unknown): Uint8Array {
  const { content, base64 } = asRecord(piece) ?? {};
  if (typeof content === 'string') return new TextEncoder().encode(content);
  if (typeof base64 !== 'string') return new Uint8Array();
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

function stepOf(fields: Readonly<Record<string, unknown>> | null): RunStep | null {
  if (fields === null || typeof fields.outcome !== 'string') return null;
  const { outcome, exit_code: exitCode, signal } = fields;
  return {
    outcome,
    exitCode: typeof exitCode === 'number' ? exitCode : null,
    signal: typeof signal === 'string' ? signal : null,
    stdout: outputOf(fields.stdout),
    stderr: outputOf(fields.stderr),
    wallMs: Number(fields.wall_ms),
    cpuMs: Number(fields.cpu_ms),
    maxRssBytes: Number(fields.max_rss_bytes),
  };
}

function outputOf(value: unknown): RunOutput {
  const bytes = bytesOf(value);
  return { bytes, text: new TextDecoder().decode(bytes), truncated: asRecord(value)?.truncated === true };
}

function names(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];
}
