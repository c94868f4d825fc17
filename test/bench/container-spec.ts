/** A sandbox as the runner would ask for it, for measuring the engine alone. */
import { fileURLToPath } from 'node:url';
import { newSessionId } from '../../src/ids.js';
import { Catalogue } from '../../src/language/catalogue.js';
import { defaultLimits } from '../../src/sandbox/limits.js';
import type { SandboxSpec } from '../../src/sandbox/sandbox.js';

// Compiled, this file is dist/test/bench/container-spec.js.
const imagesFolder = fileURLToPath(new URL('../../../images', import.meta.url));

export async function specFor(imageTag: string): Promise<SandboxSpec> {
  const language = (await Catalogue.load({ imagesFolder, imageTag })).get('python');
  const replica = `bench-engine-${process.pid}`;
  const identity = { sessionId: newSessionId(replica), viewId: newSessionId(replica), replica };
  return { identity, language, limits: defaultLimits, orphanSeconds: 60 };
}
