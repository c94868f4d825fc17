/** How many files and sockets this process has open. A kernel since 6.2 says so; others name each, which takes its time. */
import { readdir, stat } from 'node:fs/promises';

const folder = '/proc/self/fd';

export async function openFiles(): Promise<number> {
  const { size } = await stat(folder);
  if (size > 0) return size;
  const names = await readdir(folder);
  return names.length - 1; // the folder itself was open meanwhile
}
