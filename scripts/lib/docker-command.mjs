// What commands for tests on Docker have in common: all is installed and built, and a daemon answers, the host's or one of
// their own, which goes when they end.
import { checkNode, ensureBuilt, ensureInstalled } from './build.mjs';
import { docker } from './docker.mjs';
import { startDockerd } from './dockerd.mjs';
import { firstLine } from './first-line.mjs';

export async function dockerCommand(name, work) {
  try {
    checkNode();
    await ensureInstalled();
    await ensureBuilt();
    const stop = (await docker.answers()) ? async () => undefined : await startDockerd();
    for (const signal of ['SIGINT', 'SIGTERM']) {
      process.once(signal, () => void stop().finally(() => process.exit(130)));
    }
    await work().finally(stop);
  } catch (error) {
    console.error(`${name}: ${firstLine(error)}`);
    process.exitCode = 1;
  }
}
