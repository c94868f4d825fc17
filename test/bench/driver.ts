/** The drivers that are measured, and the settings of a runner for each. */

export const benchDrivers = ['docker', 'bubblewrap'] as const;
export type BenchDriver = (typeof benchDrivers)[number];

export function runnerSettings(driver: BenchDriver, imageTag: string): Record<string, string> {
  const accept = driver === 'bubblewrap' ? { REPL_RUNNER_ACCEPT: 'inodes,total-memory,cpu' } : {};
  return { REPL_RUNNER_SANDBOX: driver, REPL_RUNNER_IMAGE_TAG: imageTag, ...accept };
}
