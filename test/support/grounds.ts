/**
 * The grounds that the contract suites run on: each driver with each Python that scripts/test.mjs has prepared. What is
 * not there is skipped by name on a laptop; scripts/test.mjs fails in CI instead.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';

export interface Ground {
  readonly name: string;
  readonly driver: 'docker' | 'bubblewrap';
  readonly available: boolean;
  /** Settings of a runner on this ground. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether its Python has the REPL of 3.13. */
  readonly newRepl: boolean;
}

/** One for each suite: they run beside each other, and runners of one deployment take up each other's sandboxes. */
export const testDeployment = `test-${randomBytes(6).toString('hex')}`;

/** What a sandbox made by bubblewrap cannot have everywhere. */
const bubblewrapAccept = { REPL_RUNNER_ACCEPT: 'inodes,total-memory,cpu' };

/** The tag of the Python image made of Debian's suite; empty where there is none. */
export function imageTag(suite: string): string {
  return process.env[`REPL_TEST_IMAGE_TAG_${suite.toUpperCase()}`] ?? '';
}

function docker(suite: string, newRepl: boolean): Ground {
  const tag = imageTag(suite);
  const env = {
    REPL_RUNNER_SANDBOX: 'docker',
    REPL_RUNNER_IMAGE_TAG: tag,
    REPL_RUNNER_DEPLOYMENT: testDeployment,
  };
  return { name: `docker ${suite}`, driver: 'docker', available: tag !== '', env, newRepl };
}

function bubblewrap(suite: string, newRepl: boolean): Ground {
  const rootfs = process.env[`REPL_TEST_ROOTFS_${suite.toUpperCase()}`] ?? '';
  const env = { REPL_RUNNER_SANDBOX: 'bubblewrap', REPL_RUNNER_BUBBLEWRAP_ROOTFS: rootfs, ...bubblewrapAccept };
  const available = existsSync('/usr/bin/bwrap') && existsSync(rootfs);
  return { name: `bubblewrap ${suite}`, driver: 'bubblewrap', available, env, newRepl };
}

function bubblewrapOnHost(): Ground {
  const env = { REPL_RUNNER_SANDBOX: 'bubblewrap', ...bubblewrapAccept };
  return {
    name: 'bubblewrap host',
    driver: 'bubblewrap',
    available: existsSync('/usr/bin/bwrap'),
    env,
    newRepl: false,
  };
}

export const grounds: readonly Ground[] = [
  docker('trixie', true),
  docker('bookworm', false),
  bubblewrapOnHost(),
  bubblewrap('trixie', true),
];

/** One ground of each driver, for what does not depend on the Python. */
export const groundPerDriver = grounds.filter(({ name }) => ['docker trixie', 'bubblewrap host'].includes(name));
