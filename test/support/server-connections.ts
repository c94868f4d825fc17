/** The connections that a runner in the test's own process holds, as the kernel tells. */
import { readFileSync } from 'node:fs';

const listening = '0A';

/** How many sockets beside the listening one are open on the server's side. */
export function serverConnections(url: string): number {
  const port = Number(new URL(url).port).toString(16).toUpperCase().padStart(4, '0');
  const lines = ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/self/net/${table}`, 'utf8').split('\n').slice(1),
  );
  return lines.filter((line) => {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
    // A socket that its program has closed has no inode any more.
    return local.endsWith(`:${port}`) && state !== listening && inode !== '0';
  }).length;
}
