/** Attacks through output and input: floods on every channel, sequences without an end, questions to the terminal. */
import { EventReader } from '../../support/event-reader.js';
import { eventually } from '../../support/eventually.js';
import type { Attack, Door } from '../attack.js';
import { described } from '../doors.js';

const mib = 1024 * 1024;
/** What a new attachment may be sent at once: the log, and what restores the screen. */
const mostReplay = 320 * 1024;
const ctrlC = '\x03';

/** Runs flood.py at the prompt until some has come, interrupts it, and looks at the prompt and at a second attachment. */
function terminalFlood(kind: string): Door {
  return async (scene) => {
    await scene.bring('flood.py');
    const terminal = await scene.terminal();
    terminal.type(`import sys; sys.argv = ["flood.py", "${kind}"]; exec(open("flood.py").read())\r`);
    await terminal.untilLength(2 * mib);
    terminal.type(ctrlC);
    await terminal.untilBytes('KeyboardInterrupt', 0);
    const second = scene.runner.attach(scene.websocket);
    await second.untilLength(1);
    second.type('6 * 7\r');
    await second.until('42');
    const replayed = second.output.length;
    await second.close();
    return `interrupted; then ${replayed <= mostReplay ? 'works' : `BROKEN: ${replayed} bytes of replay`}`;
  };
}

function runFlood(kind: string, stream: string): Door {
  return async (scene) => {
    await scene.bring('flood.py');
    const ended = await scene.run({ argv: ['python3', 'flood.py', kind, stream], limits: { output_bytes: mib } });
    const told = ended.stdout.truncated || ended.stderr.truncated ? 'cut' : 'whole';
    return `${ended.outcome}, ${told}; then ${(await scene.works()) ? 'works' : 'BROKEN'}`;
  };
}

/** A client of the terminal, or of a streamed run, that asks for a flood and does not read it. */
const stalledTerminal: Door = async (scene) => {
  await scene.bring('flood.py');
  const terminal = await scene.terminal('repl.v1');
  terminal.socket.pause();
  terminal.type('import sys; sys.argv = ["flood.py", "lines"]; exec(open("flood.py").read())\r');
  const reading = await scene.run({ argv: ['sleep', '2'] });
  terminal.socket.terminate();
  return `${reading.outcome} beside it; then ${(await scene.works()) ? 'works' : 'BROKEN'}`;
};

const stalledRun: Door = async (scene) => {
  await scene.bring('flood.py');
  const url = new URL(`/repl/${scene.id}/run`, scene.runner.program.url);
  const limits = { output_bytes: 8 * mib, wall_seconds: 20 };
  const reader = await EventReader.open(url, { argv: ['python3', 'flood.py', 'lines'], limits });
  await reader.next();
  const beside = await scene.run({ argv: ['sleep', '2'] });
  reader.close();
  return `${beside.outcome} beside it; then ${(await scene.works()) ? 'works' : 'BROKEN'}`;
};

/** What a terminal would answer into the input of whoever has the prompt. */
const queries = [
  '\x1b[c',
  '\x1b[>c',
  '\x1b[6n',
  '\x1b[?6n',
  '\x1b[5n',
  '\x1b[18t',
  '\x1b]10;?\x07',
  '\x1bP$qm\x1b\\',
  '\x05',
];

const terminalQueries: Door = async (scene) => {
  const terminal = await scene.terminal();
  await terminal.run(`print(bytes.fromhex("${Buffer.from(queries.join('.')).toString('hex')}").decode())`);
  await terminal.close();
  const second = scene.runner.attach(scene.websocket);
  await second.until('>>> ');
  second.type('6 * 7\r');
  await second.until('42');
  const replay = second.output.toString();
  await second.close();
  const kept = queries.filter((query) => replay.includes(query));
  return kept.length === 0 ? 'none is replayed' : `REPLAYED: ${JSON.stringify(kept)}`;
};

/** Typed text without end for a raw terminal that nobody reads, and a message larger than any paste. */
const inputFlood: Door = async (scene) => {
  const terminal = await scene.terminal();
  // Of a terminal in line mode the kernel would take all, and drop what is too long for a line.
  terminal.type('import time, tty; tty.setraw(0); print("ra" + "w"); time.sleep(1000)\r');
  await terminal.until('raw');
  // One after the other: whether the first bytes of many were taken nobody is told.
  const pieces = 640;
  let sent = 0;
  const send = (error?: Error | null): void => {
    if (error instanceof Error || sent === pieces) return;
    sent += 1;
    terminal.socket.send(Buffer.alloc(mib / 16, 'x'), send);
  };
  send();
  let seen = 0;
  let looksWithoutChange = 0;
  await eventually('a runner that takes no more', () => {
    looksWithoutChange = sent === seen ? looksWithoutChange + 1 : 0;
    seen = sent;
    return looksWithoutChange >= 50;
  });
  if (sent === pieces) throw new Error('the runner took all of it');
  terminal.socket.terminate();
  const large = scene.runner.attach(scene.websocket);
  await large.untilLength(1);
  large.socket.send(Buffer.alloc(2 * mib, 'x'));
  const { code } = await large.closed;
  return `closed with ${code}; then ${(await scene.works()) ? 'works' : 'BROKEN'}`;
};

const evaluateFlood: Door = async (scene) => {
  const code = 'def f(x):\n    while True:\n        print("x" * 65536)\n';
  const body = {
    code,
    entry_point: 'f',
    io_cases: [
      { input: '1', output: 1 },
      { input: '2', output: 2 },
    ],
  };
  const { status, body: told } = await scene.call('POST', '/evaluate', body);
  const { case_results: results } = told as { case_results: { outcome: string }[] };
  return `${status}: ${results.map(({ outcome }) => outcome).join(', ')}; then ${(await scene.works()) ? 'works' : 'BROKEN'}`;
};

const commandLine: Door = async (scene) => {
  const argv = ['python3', '-c', 'import sys; sys.stdout.buffer.write(bytes(range(256)) * 64)'];
  return described(await scene.run({ argv }));
};

const interrupted = /^interrupted; then works$/;
const cut = /^output_limit, cut; then works$/;

export const terminalAttacks: readonly Attack[] = [
  { name: 'a flood of lines on the terminal', door: terminalFlood('lines'), expected: interrupted },
  { name: 'a single line without end', door: terminalFlood('one-line'), expected: interrupted },
  { name: 'a flood of octets that are no text', door: terminalFlood('binary'), expected: interrupted },
  { name: 'a title sequence without end', door: terminalFlood('title'), expected: interrupted },
  { name: 'a device control string without end', door: terminalFlood('device-control'), expected: interrupted },
  { name: 'parameters of a sequence without end', door: terminalFlood('parameters'), expected: interrupted },
  { name: 'escapes without end', door: terminalFlood('escapes'), expected: interrupted },
  { name: 'a character of endless combining marks', door: terminalFlood('combining'), expected: interrupted },
  { name: 'a flood that its own client does not read', door: stalledTerminal, expected: /^ok beside it; then works$/ },
  { name: "a flood on a run's standard output", door: runFlood('lines', 'stdout'), expected: cut },
  { name: "a flood on a run's standard error", door: runFlood('binary', 'stderr'), expected: cut },
  {
    name: 'a streamed run that its own client does not read',
    door: stalledRun,
    expected: /^ok beside it; then works$/,
  },
  {
    name: 'a flood from an evaluated case',
    door: evaluateFlood,
    expected: /^200: output_limit, output_limit; then works$/,
  },
  { name: 'octets that are no text, from a run', door: commandLine, expected: /^ok/ },
  { name: 'questions to the terminal', door: terminalQueries, expected: /^none is replayed$/ },
  { name: 'a flood of input that nobody reads', door: inputFlood, expected: /^closed with 1009; then works$/ },
];
