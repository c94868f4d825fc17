/** The driver of a ground, and a spec for one sandbox of it. */
import { fileURLToPath } from 'node:url';
import { newSessionId } from '../../src/ids.js';
import { Catalogue } from '../../src/language/catalogue.js';
import type { Language } from '../../src/language/language.js';
import { BubblewrapDriver } from '../../src/sandbox/bubblewrap/bubblewrap-driver.js';
import { DockerDriver } from '../../src/sandbox/docker/docker-driver.js';
import { defaultLimits, type Limits } from '../../src/sandbox/limits.js';
import type { SandboxDriver, SandboxSpec } from '../../src/sandbox/sandbox.js';
import { seccompProfileText } from '../../src/sandbox/seccomp/seccomp-profile.js';
import { testDeployment, type Ground } from './grounds.js';

export const imagesFolder = fileURLToPath(new URL('../../images', import.meta.url));
const testReplica = 'contract';

export async function loadPython(ground: Ground): Promise<Language> {
  const imageTag = ground.env.REPL_RUNNER_IMAGE_TAG ?? 'latest';
  return (await Catalogue.load({ imagesFolder, imageTag })).get('python');
}

/** @param socketPath of Docker's daemon; by default what DOCKER_HOST and its kin say */
export function makeDriver(ground: Ground, socketPath?: string): SandboxDriver {
  if (ground.driver === 'docker') {
    return new DockerDriver({
      imagesFolder,
      seccompProfile: seccompProfileText(),
      runtime: null,
      deployment: testDeployment,
      ...(socketPath === undefined ? {} : { socketPath }),
    });
  }
  const rootfs = ground.env.REPL_RUNNER_BUBBLEWRAP_ROOTFS ?? '';
  return new BubblewrapDriver({ imagesFolder, ...(rootfs === '' ? {} : { rootfs }) });
}

export function specFor(language: Language, limits: Partial<Limits> = {}): SandboxSpec {
  const identity = {
    sessionId: newSessionId(testReplica),
    viewId: newSessionId(testReplica),
    replica: testReplica,
  };
  return { identity, language, limits: { ...defaultLimits, ...limits }, orphanSeconds: 60 };
}
