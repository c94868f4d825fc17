/** A runner on a Docker daemon of the test's own, with a pool of two; both go after the tests. */
import { afterAll, beforeAll } from '@jest/globals';
import type { Ground } from './grounds.js';
import type { OwnDockerd } from './own-dockerd.js';
import { RunningService } from './running-service.js';

export const poolSize = 2;
/** What a daemon made as it went away, but for nobody, is taken for left after a minute, by the next sweep. */
export const sweptWithinMs = 90_000;

/** To be called in a suite; what it answers with gives the runner once the tests run. */
export function useRunnerOn(daemon: OwnDockerd, ground: Ground): () => RunningService {
  const dockerHost = process.env.DOCKER_HOST;
  let runner: RunningService | null = null;

  beforeAll(async () => {
    await daemon.start();
    await daemon.load(`repl_runner/python:${ground.env.REPL_RUNNER_IMAGE_TAG ?? 'latest'}`);
    process.env.DOCKER_HOST = `unix://${daemon.socketPath}`;
    runner = await RunningService.start({ ...ground.env, REPL_RUNNER_POOL: `python=${poolSize}:${poolSize}` });
  });
  afterAll(async () => {
    // The daemon goes also where no runner came up.
    try {
      await runner?.stop();
    } finally {
      await daemon.remove();
    }
    if (dockerHost === undefined) delete process.env.DOCKER_HOST;
    else process.env.DOCKER_HOST = dockerHost;
  });
  return () => {
    if (runner === null) throw new Error('The runner has not started.');
    return runner;
  };
}
