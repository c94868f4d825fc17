/**
 * Where the runner is and what opens it: from the options, then the environment, then the default. It asks nobody whether
 * a runner is really there.
 */
import { readFile } from 'node:fs/promises';
import { ClientError, misused } from './client-error.js';

export const defaultUrl = 'http://127.0.0.1:4657';

export interface RunnerAddress {
  /** Without a slash at its end; may have a path in front of the runner's own. */
  readonly url: string;
  readonly token: string | null;
  /** Nobody named another address, so a runner may be started where none answers. */
  readonly isDefault: boolean;
}

export interface AddressOptions {
  readonly url: string | null;
  readonly tokenFile: string | null;
}

/** Throws ClientError for an address or a token file that cannot be used. */
export async function runnerAddress(
  options: AddressOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<RunnerAddress> {
  const given = options.url ?? set(env.REPL_RUNNER_URL) ?? defaultUrl;
  const url = checkedUrl(given);
  const token = options.tokenFile === null ? env.REPL_RUNNER_API_TOKEN : await tokenOf(options.tokenFile);
  return { url, token: set(token) ?? null, isDefault: url === defaultUrl };
}

/** A variable that is set to nothing counts as unset. */
function set(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.search !== '') {
    throw new ClientError(`The runner's address must be like ${defaultUrl}, and "${text}" is not.`, {
      exitCode: misused,
    });
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

async function tokenOf(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new ClientError(`The token file ${file} cannot be read.`, { exitCode: misused, cause: error });
  }
}
