/** What one session may use. Walls are put up by the driver from outside; the agent repeats none of them. */
export interface Limits {
  /** CPU cores, fractions allowed. */
  readonly cpus: number;
  /** Bytes of memory, workspace and /tmp included (they are tmpfs). */
  readonly memoryBytes: number;
  /** Processes and threads together. */
  readonly processes: number;
  /** Bytes of /sandbox; /tmp has the same size of its own. */
  readonly diskBytes: number;
  /** Files and folders in /sandbox, and in /tmp. */
  readonly inodes: number;
  /** Open files of one process. */
  readonly openFiles: number;
  /** Largest single file in bytes. */
  readonly fileBytes: number;
}

export const defaultLimits: Limits = Object.freeze({
  cpus: 1,
  memoryBytes: 512 * 1024 * 1024,
  processes: 128,
  diskBytes: 128 * 1024 * 1024,
  inodes: 20_000,
  openFiles: 1024,
  fileBytes: 128 * 1024 * 1024,
});
