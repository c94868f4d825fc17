/** `npm run repl` as a person uses it: its files, their terminal or pipe, its exit code, and nothing left behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { describeWhere } from '../support/describe-where.js';
import { grounds } from '../support/grounds.js';
import { RunningService } from '../support/running-service.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const command = ['node', 'scripts/repl.mjs'];
const ground = grounds.find(({ available }) => available);
const onGround = describeWhere(ground !== undefined);
/** The first use builds the command line. */
const firstUseMs = 120_000;

type Step = ['expect' | 'send', string] | ['resize', number, number] | ['signal', number];

interface Dialogue {
  readonly output: string;
  readonly exit_code: number;
  readonly restored: boolean;
  readonly failed: Step | null;
}

/** A way to the runner that breaks once, after so many bytes of answers. */
function breakingWay(to: string, afterBytes: number): Server {
  const { hostname, port } = new URL(to);
  let left = afterBytes;
  return createServer((near) => {
    const far = connect(Number(port), hostname);
    far.on('data', (data) => {
      left -= data.length;
      if (left > 0 || left + data.length <= 0) return;
      near.destroy();
      far.destroy();
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  });
}

onGround('npm run repl', () => {
  let service: RunningService;

  beforeAll(async () => {
    service = await RunningService.start(ground?.env ?? {});
    await run([...command, '--version'], '');
  }, firstUseMs);

  afterEach(async () => {
    const { body } = await service.call('GET', '/ready');
    expect(body).toMatchObject({ sessions: 0 });
  });

  afterAll(async () => {
    await service.stop();
  });

  async function run(
    argv: readonly string[],
    input: string,
    url = service.url,
  ): Promise<{ code: unknown; stdout: string; stderr: string }> {
    const [program = '', ...args] = argv;
    const env = { ...process.env, REPL_RUNNER_URL: url, NODE_OPTIONS: '' };
    const child = spawn(program, args, { cwd: root, env });
    child.stdin.end(input);
    const closed: Promise<unknown[]> = once(child, 'close');
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const [code] = await closed;
    return { code, stdout, stderr };
  }

  async function atTerminal(steps: readonly Step[]): Promise<Dialogue> {
    const request = JSON.stringify({ command: [...command, 'examples/hiker'], steps });
    const { stdout } = await run(['python3', 'test/support/terminal_dialogue.py'], request);
    // The shape is stated at the top of that program.
    return JSON.parse(stdout) as Dialogue;
  }

  describe('with a piped program', () => {
    it('prints what the program prints, and nothing else', async () => {
      const answer = await run([...command, 'examples/hiker'], 'import hiker; print(hiker.answer())\n');
      expect(answer).toEqual({ code: 0, stdout: '42\n', stderr: '' });
    });

    it('keeps stdout, stderr and the exit code apart', async () => {
      const program = 'import sys\nprint("out")\nprint("err", file=sys.stderr)\nsys.exit(7)\n';
      await expect(run(command, program)).resolves.toEqual({ code: 7, stdout: 'out\n', stderr: 'err\n' });
    });

    it('gives the program a pipe and no input', async () => {
      const program = 'import sys\nprint(sys.stdout.isatty(), repr(sys.stdin.read()))\n';
      await expect(run(command, program)).resolves.toMatchObject({ stdout: "False ''\n" });
    });

    it('passes every byte, and more of them than a terminal keeps', async () => {
      const program = 'import sys\nsys.stdout.buffer.write(bytes(range(256)) * 8192)\n';
      const { stdout } = await run(command, program);
      expect(stdout).toBe(Buffer.alloc(256 * 8192, Buffer.from(Array.from({ length: 256 }, (_, n) => n))).toString());
    });

    it('loses and repeats nothing when the connection breaks', async () => {
      const way = breakingWay(service.url, 1_000_000).listen(0, '127.0.0.1');
      await once(way, 'listening');
      // A TCP server that listens has an address with a port.
      const { port } = way.address() as AddressInfo;
      const program = 'for n in range(500_000): print(n)\n';
      const answer = await run(command, program, `http://127.0.0.1:${port}`);
      way.close();
      expect(answer.stderr).toContain('trying to resume');
      expect(answer.code).toBe(0);
      expect(answer.stdout).toBe(Array.from({ length: 500_000 }, (_, n) => `${n}\n`).join(''));
    });

    it('ends as a traceback and a signal end', async () => {
      const failure = await run(command, '1/0\n');
      expect(failure).toMatchObject({ code: 1, stdout: '' });
      expect(failure.stderr).toContain('ZeroDivisionError');
      await expect(run(command, 'import os; os.kill(os.getpid(), 15)\n')).resolves.toMatchObject({ code: 143 });
    });

    it('is not misled by files that are named after modules', async () => {
      const argv = [
        'sh',
        '-c',
        `d=$(mktemp -d); touch $d/zlib.py $d/select.py $d/tty.py; ${command.join(' ')} $d; rm -r $d`,
      ];
      await expect(run(argv, 'print(42)\n')).resolves.toMatchObject({ stdout: '42\n' });
    });
  });

  it('says in one sentence what is wrong', async () => {
    await expect(run([...command, 'nowhere'], '')).resolves.toEqual({
      code: 2,
      stdout: '',
      stderr: 'nowhere does not exist.\n',
    });
    await expect(run([...command, '--language', 'cobol'], '')).resolves.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('(language_unknown)') as unknown,
    });
  });

  describe('with evaluate', () => {
    const cases = 'test/support/programs/add_cases.json';
    const evaluate = [...command, 'evaluate', 'test/support/programs/add.py', cases];

    it('prints a line for each case, and fails when not all pass', async () => {
      const { code, stdout, stderr } = await run(evaluate, '');
      expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
      expect(stdout.replace(/ +\d+ ms/g, '')).toBe(
        [
          'pass  two numbers  ok',
          'pass  case 2       ok',
          'FAIL  nonsense     runtime_error  TypeError: can only concatenate str (not "int") to str',
          '2 of 3 passed',
          '',
        ].join('\n'),
      );
    });

    it('prints the answer of the runner as JSON', async () => {
      const { stdout } = await run([...evaluate, '--json'], '');
      expect(JSON.parse(stdout)).toMatchObject({ passed: false, case_results: [{ value: 3 }, { value: 'ab' }, {}] });
    });

    it('says in one sentence what is wrong', async () => {
      await expect(run([...command, 'evaluate', cases], '')).resolves.toMatchObject({
        code: 2,
        stderr: 'Give a solution file and a file of cases. See evaluate --help.\n',
      });
      await expect(run([...command, 'evaluate', cases, 'README.md'], '')).resolves.toMatchObject({
        code: 2,
        stderr: 'README.md is not JSON.\n',
      });
      await expect(run([...evaluate, '--entry-point', 'a b'], '')).resolves.toMatchObject({
        code: 1,
        stderr: expect.stringContaining('entry_point') as unknown,
      });
    });
  });

  describe('at a terminal', () => {
    it('is a REPL with the files, follows the size, and ends with its exit code', async () => {
      const dialogue = await atTerminal([
        ['expect', '>>> '],
        ['send', 'import os, hiker; hiker.answer() * 1000\r'],
        ['expect', '42000'],
        ['send', 'while os.get_terminal_size() != (100, 40): pass\r\r'],
        ['resize', 100, 40],
        ['send', '"wide" * 2\r'],
        ['expect', 'widewide'],
        // One statement: an interrupt between two of them ends what the REPL reads, and not the loop.
        ['send', 'print("spin" * 2) or any(i for i in iter(int, 1))\r'],
        ['expect', 'spinspin'],
        ['send', '\x03'],
        ['expect', 'KeyboardInterrupt'],
        ['send', 'exit(3)\r'],
      ]);
      expect(dialogue).toMatchObject({ exit_code: 3, restored: true, failed: null });
    });

    it.each([
      ['SIGTERM', 15],
      ['SIGHUP', 1],
    ])('deletes the session and restores the terminal on %s', async (_name, number) => {
      const dialogue = await atTerminal([
        ['expect', '>>> '],
        ['signal', number],
      ]);
      expect(dialogue).toMatchObject({ exit_code: 128 + number, restored: true, failed: null });
    });
  });
});
