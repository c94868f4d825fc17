/** How a phase is said to a person. Pure. */
import type { TerminalExit } from '../protocol.js';
import type { Phase } from './phase.js';

export type Tone = 'calm' | 'busy' | 'good' | 'bad';

export interface PhaseWords {
  /** For the bar, a few words. */
  readonly short: string;
  /** For the middle of the screen and for screen readers: a sentence, or null where the screen speaks for itself. */
  readonly long: string | null;
  readonly tone: Tone;
}

/** Phases that are over so soon, mostly, that naming them would only flicker. */
export function isPassing({ kind }: Phase): boolean {
  return kind === 'starting' || kind === 'connecting' || kind === 'restarting' || kind === 'ending';
}

export function wordsOf(phase: Phase): PhaseWords {
  switch (phase.kind) {
    case 'idle':
      return { short: 'not started', long: 'No REPL is running.', tone: 'calm' };
    case 'starting':
      return { short: 'starting…', long: 'Starting a REPL…', tone: 'busy' };
    case 'connecting':
      return { short: 'connecting…', long: 'Connecting to the REPL…', tone: 'busy' };
    case 'live':
      return liveWords(phase);
    case 'restarting':
      return { short: 'restarting…', long: 'Restarting the REPL…', tone: 'busy' };
    case 'reconnecting':
      return { short: 'reconnecting…', long: 'The connection is lost; reconnecting…', tone: 'busy' };
    case 'lost':
      return { short: 'disconnected', long: 'The connection is lost. Your REPL may still be running.', tone: 'bad' };
    case 'exited':
      return { short: exitWords(phase.exit), long: `The REPL has ended: ${exitWords(phase.exit)}.`, tone: 'calm' };
    case 'ending':
      return { short: 'ending…', long: 'Ending the REPL…', tone: 'busy' };
    case 'ended': {
      const long = phase.error?.message ?? 'The REPL was ended.';
      return { short: 'ended', long, tone: phase.error === null ? 'calm' : 'bad' };
    }
    case 'failed':
      return { short: 'failed', long: phase.error.message, tone: 'bad' };
  }
}

function liveWords({ role, printed }: Extract<Phase, { kind: 'live' }>): PhaseWords {
  if (role === 'viewer') return { short: 'watching', long: 'Watching; only its owner can type.', tone: 'good' };
  if (!printed) return { short: 'waiting for the prompt…', long: 'Waiting for the prompt…', tone: 'busy' };
  return { short: 'running', long: 'The REPL is ready.', tone: 'good' };
}

/** Outcomes that are more than an exit code or a signal; see docs/api.md. */
const outcomes: Readonly<Record<string, string>> = {
  out_of_memory: 'out of memory',
  process_limit: 'too many processes',
  cpu_timeout: 'out of CPU time',
  wall_timeout: 'out of time',
  output_limit: 'too much output',
  disk_full: 'disk full',
  infrastructure: 'the sandbox failed',
};

export function exitWords({ outcome, exitCode, signal }: TerminalExit): string {
  const known = outcomes[outcome];
  if (known !== undefined) return known;
  if (signal !== null) return `ended by ${signal}`;
  return exitCode === null || exitCode === 0 ? 'exited' : `exited with code ${exitCode}`;
}
