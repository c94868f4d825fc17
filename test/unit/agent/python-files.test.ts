/** What the agent, in Python, makes of files that vanish while it looks. */
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
});
