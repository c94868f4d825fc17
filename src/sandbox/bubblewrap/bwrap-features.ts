/** What the installed bwrap can do, read from its --help. It refuses versions without sized tmpfs. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { RunnerError } from '../../errors.js';
import { programMissing } from './unavailable.js';

export interface BwrapFeatures {
  readonly disableUserns: boolean;
}

/** Reads features from the text of `bwrap --help`. */
export function parseBwrapFeatures(help: string): BwrapFeatures {
  if (!/^\s+--size BYTES/m.test(help)) {
    throw new RunnerError('driver_unavailable', 'This bwrap cannot limit the size of a tmpfs. Install 0.7 or newer.');
  }
  return { disableUserns: /^\s+--disable-userns\b/m.test(help) };
}

export async function probeBwrap(env: Readonly<Record<string, string>>): Promise<BwrapFeatures> {
  const answer = await promisify(execFile)('bwrap', ['--help'], { env, timeout: 5000 }).catch(() => {
    throw programMissing('bwrap', 'Install it: apt-get install bubblewrap.');
  });
  return parseBwrapFeatures(answer.stdout + answer.stderr);
}
