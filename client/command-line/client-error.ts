/** What ends the command with a message for the person: one sentence, its remedy, and the exit code. Nothing else. */
import { asRecord } from '../record.js';

/** The runner or this machine could not do it. */
export const failed = 1;
/** The command was typed wrongly. */
export const misused = 2;

export class ClientError extends Error {
  readonly exitCode: number;

  /** @param message a full sentence that names the remedy where there is one */
  constructor(message: string, options: { exitCode?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'ClientError';
    this.exitCode = options.exitCode ?? failed;
  }
}

/** The system's own code of an error, such as ENOENT; '' where it has none. */
export function systemCode(error: unknown): string {
  const code = asRecord(error)?.code;
  return typeof code === 'string' ? code : '';
}
