/** The agent's lease, in Python: whom it obeys, and when it offers itself to others. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';

const agentFolder = fileURLToPath(new URL('../../../images/agent', import.meta.url));

/** Makes a lease at the moment 0, and prints what came of each step: what is called, and with what. */
const program = `
import json, sys
sys.path.insert(0, sys.argv[1])
from repl_agent.lease import Lease
lease = Lease(0.0)
print(json.dumps([getattr(lease, name)(*words) for name, *words in json.loads(sys.argv[2])]))
`;

type Step =
  readonly ['take', replica: string, now: number] | readonly ['hear' | 'unheld', now: number] | readonly ['release'];

function played(...steps: readonly Step[]): unknown {
  const words = ['-I', '-c', program, agentFolder, JSON.stringify(steps)];
  const { status, stdout, stderr } = spawnSync('/usr/bin/python3', words);
  if (status !== 0) throw new Error(stderr.toString());
  return JSON.parse(stdout.toString());
}

it('waits for the maker of a new agent as long as for a holder that is silent', () => {
  expect(played(['unheld', 0], ['unheld', 7.9], ['unheld', 8.1])).toEqual([false, false, true]);
});

it('is taken by whoever comes first', () => {
  expect(played(['take', 'a', 1], ['take', 'b', 2], ['take', 'a', 3])).toEqual([true, false, true]);
});

it('is given up by its holder at once, and for it by eight seconds of silence', () => {
  const given = played(['take', 'a', 1], ['release'], ['unheld', 1], ['take', 'b', 2], ['unheld', 3]);
  expect(given).toEqual([true, null, true, true, false]);
  const silent = played(['take', 'a', 1], ['hear', 3], ['take', 'b', 10.9], ['unheld', 11.1], ['take', 'b', 11.1]);
  expect(silent).toEqual([true, null, false, true, true]);
});
