/** Full-screen programs in a session: the screen is that of the same program on a bare PTY. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeOnEach } from '../support/describe-where.js';
import { grounds } from '../support/grounds.js';
import { patienceMs } from '../support/patience.js';
import { RunningService } from '../support/running-service.js';
import { screenAfter, type Resize, type ScreenPart } from '../support/screen.js';
import { untilEqual } from '../support/until-equal.js';

const support = fileURLToPath(new URL('../support', import.meta.url));
const size: Resize = { cols: 80, rows: 24 };
const reset = '\x1bc';
const marker = (name: string): string => `\x1b]2;${name}\x07`;

/** After the program has set this title the person does that. */
interface Step {
  readonly title: string;
  readonly resize?: Resize;
  readonly type?: string;
}

interface Play {
  readonly program: string;
  readonly steps: readonly Step[];
}

/** Not only ASCII, and nothing that ends a paste. */
const pasted = Array.from({ length: 100 * 1024 }, (_, index) => String.fromCharCode(32 + ((index * 7) % 95))).join('');

const plays: readonly Play[] = [
  {
    program: 'redraw',
    steps: [
      { title: 'drawn', resize: { cols: 100, rows: 30 }, type: 'k' },
      { title: 'again', type: 'k' },
      { title: 'end' },
    ],
  },
  {
    program: 'boxes',
    steps: [
      { title: 'drawn', resize: { cols: 61, rows: 20 } },
      { title: 'resized', type: '\x1bOC' },
      { title: 'moved', resize: { cols: 120, rows: 40 } },
      { title: 'resized', type: 'q' },
      { title: 'end' },
    ],
  },
  { program: 'paste', steps: [{ title: 'ready', type: `\x1b[200~${pasted}\x1b[201~` }, { title: 'end' }] },
  { program: 'unicode', steps: [{ title: 'end' }] },
];

/** Cuts what was printed at the titles that the steps wait for. */
function partsOf(output: string, steps: readonly Step[]): ScreenPart[] {
  let at = output.indexOf(reset);
  return steps.map(({ title, resize }) => {
    const end = output.indexOf(marker(title), at) + marker(title).length;
    const part: ScreenPart = [output.slice(at, end), resize ?? null];
    at = end;
    return part;
  });
}

function onBarePty({ program, steps }: Play): string {
  const command = ['/usr/bin/env', 'TERM=xterm-256color', '/usr/bin/python3', `${support}/programs/${program}.py`];
  const moves = steps.flatMap(({ title, resize, type }) => [
    ['expect', marker(title)],
    ...(resize === undefined ? [] : [['resize', resize.cols, resize.rows]]),
    ...(type === undefined ? [] : [['send', type]]),
  ]);
  const input = JSON.stringify({ command, steps: [...moves, ['send', '\r']] });
  const played = spawnSync('python3', [`${support}/terminal_dialogue.py`], {
    input,
    encoding: 'utf8',
    timeout: 2 * patienceMs,
  });
  const { output, failed } = JSON.parse(played.stdout) as { output: string; failed: unknown };
  if (failed !== null)
    throw new Error(`on a bare PTY: ${JSON.stringify(failed)}; ${JSON.stringify(output.slice(-500))}`);
  return output;
}

async function inSession(runner: RunningService, { program, steps }: Play): Promise<string> {
  const source = readFileSync(`${support}/programs/${program}.py`, 'utf8');
  const { session, terminal } = await runner.prompt({ files: { 'program.py': source }, terminal: size });
  // readline writes the size into the C environment, which curses believes more than the terminal; os.environ has none.
  terminal.type('import os; os.execvpe("python3", ["python3", "program.py"], os.environ)\r');
  let from = 0;
  for (const { title, resize, type } of steps) {
    await terminal.untilBytes(marker(title), from);
    from = terminal.output.indexOf(marker(title), from) + marker(title).length;
    if (resize !== undefined) await runner.call('POST', `/repl/${session.id}/resize`, resize);
    if (type !== undefined) terminal.socket.send(Buffer.from(type), { binary: true });
  }
  const output = terminal.output.toString();
  await terminal.close();
  return output;
}

describeOnEach(grounds, 'a full-screen program on', (ground) => {
  let runner: RunningService;
  beforeAll(async () => {
    runner = await RunningService.start(ground.env);
  });
  afterAll(async () => {
    await runner.stop();
  });

  it('edits a line that is longer than the terminal is wide', async () => {
    const { terminal } = await runner.prompt({ terminal: { cols: 70, rows: 24 } });
    const line = `x = "${'0123456789'.repeat(9)}"`;
    // Key by key, then to the start of the line for one character, and to its end for another.
    for (const key of [...Buffer.from(`${line}\x01y\x05z`)]) terminal.socket.send(Buffer.of(key), { binary: true });
    const shown = async (): Promise<string> => {
      const lines = await screenAfter([[terminal.output.toString(), null]], { cols: 70, rows: 24 });
      const unstyled = lines.map((text) => text.replace(/\{[\d,-]+\}/g, ''));
      const from = unstyled.findIndex((text) => text.startsWith('>>> '));
      return unstyled.slice(from, from + 2).join('');
    };
    const whole = `>>> y${line}z`;
    // The newer REPL marks where a line goes on.
    await untilEqual(shown, ground.newRepl ? `${whole.slice(0, 69)}\\${whole.slice(69)}` : whole);
    await terminal.close();
  });

  it.each(plays)('draws the screen of a bare PTY: $program', async (play) => {
    const [bare, ours] = [onBarePty(play), await inSession(runner, play)];
    const expected = await screenAfter(partsOf(bare, play.steps), size);
    expect(expected.join('').length).toBeGreaterThan(80);
    expect(await screenAfter(partsOf(ours, play.steps), size)).toEqual(expected);
  });
});
