/** The real agent's workspace against the model in memory: whatever is done to both, both say and hold the same. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RunnerError } from '../../src/errors.js';
import type { WorkspaceHandle } from '../../src/http/session-set.js';
import { writeArchive } from '../../src/workspace/archive.js';
import { Workspace } from '../../src/workspace/workspace.js';
import { AgentConversation } from '../doubles/agent-conversation.js';
import { MemoryWorkspace } from '../doubles/memory-workspace.js';

interface Real {
  readonly workspace: WorkspaceHandle;
}

type Use = (workspace: WorkspaceHandle) => Promise<unknown>;

/** Does the same to both and compares the answers; a refusal is an answer, by its code. */
class Same implements fc.AsyncCommand<MemoryWorkspace, Real> {
  constructor(
    private readonly name: string,
    private readonly use: Use,
  ) {}

  check(): boolean {
    return true;
  }

  async run(model: MemoryWorkspace, { workspace }: Real): Promise<void> {
    expect(await outcomeOf(workspace, this.use)).toEqual(await outcomeOf(model, this.use));
    expect(await contentsOf(workspace)).toEqual(await contentsOf(model));
  }

  toString(): string {
    return this.name;
  }
}

async function outcomeOf(workspace: WorkspaceHandle, use: Use): Promise<unknown> {
  try {
    return await use(workspace);
  } catch (error) {
    if (error instanceof RunnerError) return error.code;
    throw error;
  }
}

async function contentsOf(workspace: WorkspaceHandle): Promise<unknown> {
  const { entries } = await workspace.list('', { recursive: true, maxEntries: 1000 });
  const shown = entries.map(({ path, type, size, executable }) => `${path} ${type} ${size} ${String(executable)}`);
  return shown.sort();
}

async function readFrom(workspace: WorkspaceHandle, path: string): Promise<unknown> {
  const { size, executable, content } = await workspace.read(path);
  const pieces: Buffer[] = [];
  for await (const piece of content) pieces.push(piece);
  return { size, executable, content: Buffer.concat(pieces).toString('hex') };
}

const name = fc.constantFrom('a', 'b', 'ü', ' ', '%41');
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const folder = fc.oneof({ weight: 1, arbitrary: fc.constant('') }, { weight: 3, arbitrary: path });
const content = fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.constant(new Uint8Array(70_000).fill(7)));
const executable = fc.constantFrom(true, false, null);

const write = fc
  .tuple(path, content, executable)
  .map(([to, data, bit]) => new Same(`write ${to}`, (workspace) => workspace.write(to, Buffer.from(data), bit)));
const read = path.map((from) => new Same(`read ${from}`, (workspace) => readFrom(workspace, from)));
const list = fc
  .tuple(folder, fc.boolean())
  .map(
    ([from, recursive]) =>
      new Same(`list ${from}`, async (workspace) =>
        (await workspace.list(from, { recursive, maxEntries: 100 })).entries.map((entry) => entry.path).sort(),
      ),
  );
const rename = fc
  .tuple(path, path, fc.boolean())
  .map(
    ([from, to, overwrite]) =>
      new Same(`rename ${from} ${to} ${String(overwrite)}`, (workspace) => workspace.rename(from, to, { overwrite })),
  );
const remove = folder.map((from) => new Same(`remove ${from}`, (workspace) => workspace.remove(from)));
const unpack = fc.tuple(path, content, fc.boolean()).map(
  ([to, data, replace]) =>
    new Same(`unpack ${to}`, async (workspace) => {
      // Beside what is there a name may be of another kind, which the two refuse at different points.
      if (!replace) return null;
      const entry = { type: 'file', path: to, executable: true, content: Buffer.from(data) } as const;
      return await workspace.unpack(await writeArchive([entry]), { replace });
    }),
);

describe('the workspace', () => {
  let talk: AgentConversation;
  beforeAll(async () => {
    talk = new AgentConversation();
    await talk.begin();
  });
  afterAll(async () => {
    await talk.end();
  });

  it('does what the model does, whatever is asked of it in whatever order', async () => {
    const workspace = new Workspace(talk.connection, () => undefined);
    const commands = fc.commands([write, write, read, list, rename, rename, remove, unpack], { maxCommands: 40 });
    await fc.assert(
      fc.asyncProperty(commands, async (sequence) => {
        await workspace.remove('');
        await fc.asyncModelRun(() => ({ model: new MemoryWorkspace(), real: { workspace } }), sequence);
      }),
      { numRuns: 60, seed: 7 },
    );
  });
});
