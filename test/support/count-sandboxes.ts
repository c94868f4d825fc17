/** How many sandboxes there really are, as the daemon or the kernel tells, whatever the runner believes. */
import { readFileSync, readdirSync } from 'node:fs';
import Docker from 'dockerode';
import type { Ground } from './grounds.js';

/** Those of a runner of this name in the test's own process. */
export async function countSandboxes(ground: Ground, replica: string): Promise<number> {
  if (ground.driver === 'docker') {
    const filters = { label: [`repl_runner.replica=${replica}`] };
    return (await new Docker({ socketPath: '/var/run/docker.sock' }).listContainers({ all: true, filters })).length;
  }
  return readdirSync('/proc/self/task')
    .map((task) => readFileSync(`/proc/self/task/${task}/children`, 'utf8'))
    .flatMap((children) => children.split(' ').filter((pid) => pid !== '')).length;
}
