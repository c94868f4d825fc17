/**
 * The race attack: a program in the sandbox swaps folders for links to /usr, /proc and / as fast as it can, while the runner
 * reads, writes, lists, renames, removes, packs and unpacks there. Nothing outside the workspace is ever touched.
 */
import { afterEach, describe, expect, it } from '@jest/globals';
import { RunnerError } from '../../src/errors.js';
import { writeArchive } from '../../src/workspace/archive.js';
import { Workspace } from '../../src/workspace/workspace.js';
import { AgentConversation } from '../doubles/agent-conversation.js';
import { Random } from '../support/random.js';

const rounds = 150;
/** What the attacker would want to see, and what only a breach could bring: a file outside, and /tmp, which it shares. */
const outside = '/tmp/outside';

const attack = `
import os, threading, time
os.mkdir("${outside}"); open("${outside}/f", "w").write("outside")
for name in "abc": os.makedirs("real-" + name + "/d", exist_ok=True); open("real-" + name + "/f", "w").write("inside")
targets = ["/usr/bin", "/proc/1", "/", "/tmp/outside", "../tmp/outside", "../../usr/bin", "real-a", "/proc/self/cwd/../tmp/outside"]
swaps, stop = 0, False
def swap(name, number):
    global swaps
    while not stop:
        for target in targets[number:] + targets[:number]:
            try:
                os.rename("real-" + name, name)
            except OSError: pass
            try:
                os.rename(name, "real-" + name)
            except OSError: pass
            try:
                os.symlink(target, name)
                os.rename(name, "link-" + name); os.rename("link-" + name, name)
            except OSError: pass
            try: os.unlink(name)
            except OSError: pass
            try: os.makedirs("real-" + name + "/d", exist_ok=True); open("real-" + name + "/f", "w").write("inside")
            except OSError: pass
            swaps += 1
threads = [threading.Thread(target=swap, args=pair) for pair in zip("abc", (0, 3, 5))]
[thread.start() for thread in threads]
`;

/** Errors that a program's own doings explain; anything else is a fault. */
const explained = new Set([
  ...['path_unsafe', 'path_invalid', 'file_unknown', 'file_kind', 'file_exists', 'file_locked', 'session_busy'],
  'archive_invalid',
]);

let open: AgentConversation | null = null;
afterEach(async () => {
  await open?.end();
  open = null;
});

async function orRefused(act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof RunnerError) || !explained.has(error.code)) throw error;
  }
}

async function contentOf(content: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of content) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** One call of each kind, on one of the names that are swapped; gives what it has read. */
async function assault(workspace: Workspace, random: Random, seen: string[]): Promise<void> {
  const name = 'abc'[random.below(3)] ?? 'a';
  const read = async (path: string): Promise<void> => {
    seen.push((await contentOf((await workspace.read(path)).content)).toString());
  };
  await orRefused(() => read(`${name}/f`));
  await orRefused(() => read(`${name}/${['env', 'status', 'bin/env'][random.below(3)] ?? ''}`));
  await orRefused(() => workspace.write(`${name}/f`, Buffer.from('written'), null));
  await orRefused(() => workspace.write(`${name}/new/x`, Buffer.from('written'), null));
  await orRefused(() => workspace.rename(`${name}/f`, `${name}/g`, { overwrite: true }));
  await orRefused(async () => {
    const { entries } = await workspace.list(name, { recursive: true, maxEntries: 1000 });
    seen.push(...entries.map(({ path }) => path));
  });
  await orRefused(() => workspace.remove(`${name}/${random.below(2) === 0 ? 'f' : 'd'}`));
  await orRefused(() => workspace.remove(name));
}

async function unpackAndPack(workspace: Workspace, names: string[]): Promise<void> {
  const file = { type: 'file', executable: false, content: Buffer.from('written') } as const;
  const tar = await writeArchive(['a', 'b', 'c'].map((name) => ({ ...file, path: `${name}/f` })));
  await orRefused(() => workspace.unpack(tar, { replace: false }));
  const packed = await contentOf(workspace.pack(1 << 26).content);
  // Links go into an archive as links, so that only the names can tell.
  for (let at = 0; at + 512 <= packed.length; at += 512) {
    const header = packed.subarray(at, at + 512);
    if (header.subarray(257, 262).toString() === 'ustar') names.push(header.subarray(0, header.indexOf(0)).toString());
  }
}

describe('the workspace under a program that swaps folders for links', () => {
  it('reads, writes, lists, renames, removes, packs and unpacks nothing outside, and the agent stays well', async () => {
    const talk = new AgentConversation();
    open = talk;
    await talk.begin({ startup: attack });
    const workspace = new Workspace(talk.connection, () => undefined);
    const random = new Random(5);
    const [seen, packed]: [string[], string[]] = [[], []];
    for (let round = 0; round < rounds; round += 1) {
      await assault(workspace, random, seen);
      if (round % 10 === 0) await unpackAndPack(workspace, packed);
    }
    const own = /^(inside|written|)$|^((real-|link-)?[abc](\/|$))/;
    expect(seen.filter((text) => !own.test(text))).toEqual([]);
    expect(packed.filter((name) => !own.test(name))).toEqual([]);
    expect(await talk.answer('stop = True; done = [thread.join() for thread in threads]; swaps > 100')).toBe('True');
    const untouched = `os.listdir("${outside}"), open("${outside}/f").read(), os.path.exists("/usr/bin/env")`;
    expect(await talk.answer(untouched)).toBe("(['f'], 'outside', True)");
    await workspace.remove('');
    expect(await workspace.list('', { recursive: true, maxEntries: 10 })).toEqual({ entries: [], truncated: false });
    expect(talk.closed).toEqual([]);
  });

  it('empties a folder that a program fills meanwhile, or says that it cannot', async () => {
    const talk = new AgentConversation();
    open = talk;
    const fill = [
      'import os, threading',
      'os.mkdir("full"); os.chdir("full"); stop = False',
      'def fill():',
      '    n = 0',
      '    while not stop:',
      '        n += 1',
      '        try: open(str(n % 500), "w").close()',
      '        except OSError: pass',
      'threads = [threading.Thread(target=fill) for _ in range(2)]; [thread.start() for thread in threads]',
    ].join('\n');
    await talk.begin({ startup: fill });
    const workspace = new Workspace(talk.connection, () => undefined);
    await orRefused(() => workspace.remove('full'));
    expect(await talk.answer('stop = True; done = [thread.join() for thread in threads]; 6 * 7')).toBe('42');
    expect((await workspace.list('', { recursive: true, maxEntries: 10 })).entries).toEqual([]);
  });
});
