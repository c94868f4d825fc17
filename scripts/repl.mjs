// npm run repl: makes sure that the command line is built, then becomes it. stdout belongs to the REPL: all that is said
// on the way goes to stderr.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

// Not import.meta.dirname: a Node that is too old for it has to get as far as being told so.
const prepare = fileURLToPath(new URL('./lib/prepare.mjs', import.meta.url));
const { status } = spawnSync(process.execPath, [prepare], { stdio: ['ignore', 2, 2] });
if (status !== 0) process.exit(1);

// In this process, so that the terminal, its signals and the exit code need no forwarding.
await import('../dist/client/command-line/command-line.js');
