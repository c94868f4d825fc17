/** How busy the host is, for whoever chooses among replicas. */
import { availableParallelism, loadavg } from 'node:os';

/** Processes that want to run, over the last minute, for each core that this process may use; two decimals. */
export function hostLoad(): number {
  const [lastMinute = 0] = loadavg();
  return Math.round((lastMinute / availableParallelism()) * 100) / 100;
}
