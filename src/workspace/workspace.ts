/**
 * The files of one running sandbox, by its agent: everything is opened and checked in there, relative to the workspace's
 * own folder. Paths are those that `filePath` has passed; what the agent answers is checked here. It holds no file.
 */
import { z } from 'zod';
import type { AgentConnection, TarContent } from '../agent/agent-connection.js';
import { asRunnerError } from '../agent/as-runner-error.js';
import { ChannelReader } from '../agent/channel-reader.js';
import { channelWindowBytes } from '../agent/channels.js';
import { RunnerError } from '../errors.js';
import { late, within } from '../within.js';
import { dateOf, readListing, type Listing } from './listing.js';
import { shownName } from './safe-path.js';

/** Longer than any body takes to arrive. */
const uploadTimeoutMs = 330_000;
const removeTimeoutMs = 120_000;
/** After the last byte of a stream the answer is on its way. */
const answerTimeoutMs = 15_000;

const count = z.number().int().nonnegative();
const readSchema = z.object({ size: count, executable: z.boolean(), modified: z.number() });
const writtenSchema = z.object({ created: z.boolean() });
const unpackedSchema = z.object({ files: count, bytes: count });
const packedSchema = z.object({
  files: count,
  bytes: count,
  left_out: z.array(z.object({ path: z.string().max(1000), reason: z.string().max(40) })).max(100),
  left_out_count: count,
});

export interface WorkspaceFile {
  readonly size: number;
  readonly executable: boolean;
  readonly modifiedAt: Date;
  /** Exactly `size` octets, else it throws RunnerError `sandbox_failed`. To be read once, or cancelled. */
  readonly content: AsyncIterable<Buffer>;
  cancel(): void;
}

/** What went into a tar, and what did not. */
export interface PackReport {
  readonly files: number;
  readonly bytes: number;
  /** The first of those that were left out, with why. */
  readonly leftOut: readonly { readonly path: string; readonly reason: string }[];
  readonly leftOutCount: number;
}

export interface PackedWorkspace {
  /** To be read once. */
  readonly content: AsyncIterable<Buffer>;
  /** Resolves when the content has been read to its end. */
  readonly report: Promise<PackReport>;
}

export class Workspace {
  readonly #connection: AgentConnection;
  readonly #admit: () => void;

  /** @param admit called before each use; throws where the session's state does not allow one */
  constructor(connection: AgentConnection, admit: () => void) {
    this.#connection = connection;
    this.#admit = admit;
  }

  /** What is in the folder, or below it as well. */
  async list(path: string, options: { recursive: boolean; maxEntries: number }): Promise<Listing> {
    this.#admit();
    const reader = new ChannelReader(this.#connection);
    const { recursive, maxEntries } = options;
    const fields = { path, recursive, max_entries: maxEntries };
    return await this.#about(path, () => readListing(reader, this.#download('list', fields, reader), maxEntries));
  }

  async read(path: string): Promise<WorkspaceFile> {
    this.#admit();
    const reader = new ChannelReader(this.#connection);
    return await this.#about(path, async () => {
      try {
        const fields = { path, channel: reader.channel, credit: channelWindowBytes };
        const { size, executable, modified } = readSchema.parse(await this.#connection.request('read', fields));
        const cancel = (): void => {
          reader.cancel();
        };
        return { size, executable, modifiedAt: dateOf(modified), content: exactly(size, reader), cancel };
      } catch (error) {
        reader.fail(asRunnerError(error));
        throw error;
      }
    });
  }

  /** Puts the file there whole, or not at all. `executable` null keeps what the old one was. */
  async write(path: string, content: TarContent, executable: boolean | null): Promise<{ created: boolean }> {
    this.#admit();
    const channel = this.#connection.channels.next();
    let refused = false;
    const answer = this.#connection.request('write', { path, executable, channel }, uploadTimeoutMs);
    answer.catch(() => {
      refused = true;
    });
    return await this.#about(path, async () => {
      try {
        await this.#connection.channels.upload(
          channel,
          unless(() => refused, content),
        );
      } catch (error) {
        await this.#connection.request('cancel', { channel }).catch(() => undefined);
        throw error;
      }
      const { created } = writtenSchema.parse(await answer);
      return { created };
    });
  }

  /** Moves a file, a folder or a link; `overwrite` lets it take the place of another. */
  async rename(path: string, to: string, options: { overwrite: boolean }): Promise<void> {
    this.#admit();
    await this.#about(path, () => this.#connection.request('rename', { path, to, ...options }));
  }

  /** Removes a file, a link, or a folder with all that is in it. */
  async remove(path: string): Promise<void> {
    this.#admit();
    await this.#about(path, () => this.#connection.request('remove', { path }, removeTimeoutMs));
  }

  /** All of it as a tar. Throws `archive_too_large` beyond that many bytes of content. */
  pack(maxBytes: number): PackedWorkspace {
    this.#admit();
    const reader = new ChannelReader(this.#connection);
    const answer = this.#download('pack', { max_bytes: maxBytes }, reader);
    const report = answer.then((fields) => packReport(fields));
    report.catch(() => undefined); // who reads the content is told
    return { content: this.#packed(reader, report), report };
  }

  /** Writes a normalised tar into it; `replace` empties it first. */
  async unpack(files: Buffer, options: { replace: boolean }): Promise<{ files: number; bytes: number }> {
    if (options.replace) await this.remove('');
    this.#admit();
    return await this.#about(null, async () =>
      unpackedSchema.parse(await this.#connection.requestWithFiles('unpack', { files })),
    );
  }

  /** A request whose answer comes behind what is on the channel; it waits as long as somebody reads. */
  #download(op: string, fields: object, reader: ChannelReader): Promise<object> {
    const answer = this.#connection.request(
      op,
      { ...fields, channel: reader.channel, credit: channelWindowBytes },
      null,
    );
    answer.catch((error: unknown) => {
      reader.fail(asRunnerError(error));
    });
    return answer;
  }

  async *#packed(reader: ChannelReader, report: Promise<PackReport>): AsyncGenerator<Buffer> {
    try {
      yield* reader;
      const answer = await within(answerTimeoutMs, report);
      if (answer === late) throw new RunnerError('sandbox_failed', 'The sandbox did not answer in time.');
    } catch (error) {
      throw asRunnerError(error);
    }
  }

  async #about<T>(path: string | null, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      throw path === null ? asRunnerError(error) : asRunnerError(error, path === '' ? '.' : shownName(path));
    }
  }
}

function packReport(fields: unknown): PackReport {
  const { files, bytes, left_out: leftOut, left_out_count: leftOutCount } = packedSchema.parse(fields);
  return {
    files,
    bytes,
    leftOut: leftOut.map(({ path, reason }) => ({ path: shownName(path), reason })),
    leftOutCount,
  };
}

async function* exactly(size: number, content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let left = size;
  for await (const data of content) {
    left -= data.length;
    if (left < 0) break;
    yield data;
  }
  if (left !== 0) throw new RunnerError('sandbox_failed', 'The file changed while it was read.');
}

/** The content until the condition holds; what is left of it stays unread. */
async function* unless(stopped: () => boolean, content: TarContent): AsyncGenerator<Buffer> {
  for await (const chunk of Buffer.isBuffer(content) ? [content] : content) {
    if (stopped()) return;
    yield chunk;
  }
}
