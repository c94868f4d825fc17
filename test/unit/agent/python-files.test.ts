/** What the agent, in Python, makes of files that vanish while it looks, and of downloads that nobody reads. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const agentFolder = fileURLToPath(new URL('../../../images/agent', import.meta.url));

/** Its first entry is gone before anybody asks what it is. */
const vanishing = `
import json, os, sys
sys.path.insert(0, sys.argv[1])
from repl_agent.file_changes import FileChanges
for name in "abcdef":
    open(os.path.join(sys.argv[2], name), "w").close()
changes = FileChanges(sys.argv[2])
scandir, gone = os.scandir, []

class Vanishing:
    def __init__(self, folder):
        self.entries = scandir(folder)
    def __enter__(self):
        return self
    def __exit__(self, *_):
        self.entries.close()
    def __iter__(self):
        for entry in self.entries:
            if not gone:
                gone.append(entry.name)
                os.remove(entry.path)
            yield entry

os.scandir = Vanishing
print(json.dumps({"gone": gone, "told": changes.tell()}))
`;

/** Prints how many descriptors are open after as many downloads as there may be, one more, and the end of all. */
const unread = `
import json, os, sys
from types import SimpleNamespace
sys.path.insert(0, sys.argv[1])
from repl_agent import places, transfers
from repl_agent.file_requests import FileRequests
from repl_agent.workspace_error import WorkspaceError
places.ROOT = sys.argv[2]
with open(os.path.join(sys.argv[2], "large"), "wb") as file:
    file.write(b"x" * 100_000)
sent = []
link = SimpleNamespace(backlogged=False, send=lambda kind, *parts: sent.append(parts[-1]))
agent = SimpleNamespace(downloads=transfers.Downloads(), respond=lambda number, **facts: None)
requests = FileRequests(agent, None)
count = lambda: len(os.listdir("/proc/self/fd"))
read = lambda channel, credit=0: requests.op_read({"id": 1, "path": "large", "channel": channel, "credit": credit})
before = count()
read(1, credit=200_000)
for channel in range(2, transfers.MAX_DOWNLOADS + 1):
    read(channel)
full = count()
try:
    read(100)
except WorkspaceError as error:
    refusal = error.code
refused = count()
agent.downloads.pump(link)
read_whole = count()
agent.downloads.cancel(2)
cancelled = count()
agent.downloads.abort()
print(json.dumps({
    "refusal": refusal,
    "open": [number - before for number in (full, refused, read_whole, cancelled, count())],
    "bytes": sum(map(len, sent[:-1])),
}))
`;

describe('the files of the agent', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'agent-files-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function printed(program: string): unknown {
    const { status, stdout, stderr } = spawnSync('/usr/bin/python3', ['-I', '-c', program, agentFolder, folder], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
    return JSON.parse(stdout);
  }

  it('are told as deleted only where they are, when one vanishes during the look', () => {
    const { gone, told } = printed(vanishing) as { gone: string[]; told: unknown };
    expect(gone).toHaveLength(1);
    expect(told).toEqual({ created: [], changed: [], deleted: gone, truncated: false });
  });

  it('are closed when a download is refused, read, cancelled or dropped before its first piece', () => {
    expect(printed(unread)).toEqual({ refusal: 'busy', open: [64, 64, 63, 62, 0], bytes: 100_000 });
  });
});
