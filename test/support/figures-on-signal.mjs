// Preloaded into a process that is to be measured: at SIGUSR2 it collects its garbage and says on stderr what is left.
import process from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

process.on('SIGUSR2', () => {
  // What finalizers let go of is only collected the next time.
  for (let round = 0; round < 3; round += 1) collect();
  const { rss, heapUsed, external } = process.memoryUsage();
  process.stderr.write(`figures ${JSON.stringify({ rss, heapUsed, external })}\n`);
});
