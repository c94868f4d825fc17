/** The command `npm run repl -- files`: the files of a session that runs already, one action each time. It starts no runner. */
import { readFile, writeFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import type { ReplClient } from '../repl-client.js';
import { ClientError, misused, systemCode } from './client-error.js';
import { clientFailure } from './client-failure.js';
import { fileTable } from './file-table.js';
import { parseFilesOptions, type FilesOptions } from './files-options.js';
import { runnerAddress } from './runner-address.js';
import { runnerClient } from './runner-client.js';

/** This command's surroundings. */
export interface FilesPlace {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly stdin: NodeJS.ReadableStream;
  readonly print: (content: string | Uint8Array) => void;
}

interface Session {
  readonly client: ReplClient;
  readonly id: string;
  readonly place: FilesPlace;
}

type Action = (session: Session, words: readonly string[]) => Promise<void>;

const actions: Readonly<Record<FilesOptions['action'], Action>> = {
  list: async ({ client, id, place }, [path = '']) => {
    place.print(fileTable(await client.listFiles(id, { path, recursive: true, signal: place.signal })));
  },
  get: async ({ client, id, place }, [path = '', file = '-']) => {
    const content = await client.readFile(id, path, place);
    if (file === '-') place.print(content);
    else await onDisk(file, () => writeFile(file, content));
  },
  put: async ({ client, id, place }, [file = '', path = '']) => {
    const content = await onDisk(file, () => (file === '-' ? buffer(place.stdin) : readFile(file)));
    await client.writeFile(id, path, content, { signal: place.signal });
  },
  rm: async ({ client, id, place }, [path = '']) => {
    await client.deleteFile(id, path, place);
  },
  mv: async ({ client, id, place }, [from = '', to = '']) => {
    await client.renameFile(id, from, to, { signal: place.signal });
  },
};

/** Resolves with the exit code. Throws ClientError. */
export async function filesCommand(args: readonly string[], place: FilesPlace): Promise<number> {
  const options = parseFilesOptions(args);
  if ('help' in options) {
    place.print(options.help);
    return 0;
  }
  const client = runnerClient(await runnerAddress(options, place.env));
  try {
    await actions[options.action]({ client, id: options.session, place }, options.words);
    return 0;
  } catch (error) {
    throw clientFailure(error);
  }
}

async function onDisk<T>(file: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const why = systemCode(error) === 'ENOENT' ? 'does not exist' : `cannot be used (${systemCode(error)})`;
    throw new ClientError(`${file} ${why}.`, { exitCode: misused, cause: error });
  }
}
