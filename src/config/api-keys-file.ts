/**
 * The file of API keys: read at the start, and again whenever it changes, so that keys are replaced without a restart. It is
 * looked at by its path, since what mounts secrets puts a new file in its place. A file that cannot be read changes nothing.
 */
import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { RunnerError } from '../errors.js';
import { parseApiKeys, type ApiKey } from './parse-api-keys.js';

/** How soon a change is noticed, in ms. */
const lookIntervalMs = 1_000;

export class ApiKeysFile {
  readonly #path: string;
  #onChange: (() => void) | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  /** Rejects with RunnerError that says what is wrong with the file, and never what is in it. */
  async read(): Promise<ApiKey[]> {
    try {
      return parseApiKeys(await readFile(this.#path, 'utf8'));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new RunnerError('driver_unavailable', `The API keys cannot be read from ${this.#path}: ${why}.`, {
        cause: error,
      });
    }
  }

  /** Tells what the file says after each change. */
  watch(onKeys: (keys: ApiKey[]) => void, onFailed: (error: unknown) => void): void {
    this.#onChange = () => void this.read().then(onKeys, onFailed);
    watchFile(this.#path, { interval: lookIntervalMs, persistent: false }, this.#onChange);
  }

  close(): void {
    if (this.#onChange !== null) unwatchFile(this.#path, this.#onChange);
    this.#onChange = null;
  }
}
