/**
 * A short, seeded run of every target, as `npm run fuzz -- --short` does it: each in a process of its own, so that a leak, an
 * error that nobody handles and a loop without an end are noticed for what they are.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { everyTarget } from './targets/every-target.js';

const script = fileURLToPath(new URL('../../scripts/fuzz.mjs', import.meta.url));
/** The same inputs in every run; `npm run fuzz` finds new ones. */
const seed = '41966';

describe('hostile input', () => {
  it.each(everyTarget.map(({ name, about }) => [name, about]))('does no harm: %s, %s', (name) => {
    const args = [script, '--short', '--seed', seed, '--target', name];
    // Jest's own options are not for a process that is none of its own.
    const env = { ...process.env, NODE_OPTIONS: '' };
    const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
    expect({ status, said: `${stdout}${stderr}` }).toEqual({ status: 0, said: expect.stringContaining(' 0 found') });
  });
});
