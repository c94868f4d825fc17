/** The ways in that many attacks share, each made from what is particular to one attack. */
import type { Ended, Scene } from './scene.js';
import type { Door } from './attack.js';

/** The last line that a program printed, shortened. */
function verdictOf({ stdout }: Ended): string {
  const lines = (stdout.content ?? '').trimEnd().split('\n');
  return (lines.at(-1) ?? '').slice(-300);
}

/** Outcome, exit and verdict of a run as one line. */
export function described(ended: Ended): string {
  const how = ended.outcome === 'runtime_error' ? ` (exit code ${String(ended.exit_code)})` : '';
  const complaint = ended.outcome === 'runtime_error' ? (ended.stderr.content ?? '').trim().slice(-200) : '';
  return [`${ended.outcome}${how}`, verdictOf(ended), complaint].filter((part) => part !== '').join(': ');
}

export interface RunDoor {
  readonly args?: readonly string[];
  readonly wallSeconds?: number;
}

/** `POST /repl/:id/run` of a program. */
export function run(program: string, { args = [], wallSeconds = 10 }: RunDoor = {}): Door {
  return async (scene) => {
    await scene.bring(program);
    const argv = ['python3', program, ...args];
    return described(await scene.run({ argv, limits: { wall_seconds: wallSeconds } }));
  };
}

/** The same, and then whether the session can still be used, restarted first where `restart` says so. */
export function runAndUse(program: string, options: RunDoor & { restart?: boolean } = {}): Door {
  return async (scene) => {
    const told = await run(program, options)(scene);
    if (options.restart === true) await restart(scene);
    return `${told}; then ${(await scene.works()) ? 'works' : 'BROKEN'}${options.restart === true ? ' after a restart' : ''}`;
  };
}

/** The same where the session itself may be lost to it. */
export function runUntilLost(program: string, options: RunDoor = {}): Door {
  return async (scene) => {
    const told = await run(program, options)(scene);
    const { status, body } = await scene.call('POST', '/run', { argv: ['echo', 'still here'] });
    if (status === 410) return `${told}; then the session has ended`;
    return `${told}; then ${status === 200 ? (body as Ended).outcome : `BROKEN: ${status}`}`;
  };
}

/** `POST /repl/:id/restart`. */
export async function restart(scene: Scene): Promise<void> {
  const { status, body } = await scene.call('POST', '/restart', {});
  if (status !== 200) throw new Error(`POST restart: ${status} ${JSON.stringify(body)}`);
}

/** A program typed at the prompt as a user's code: `exec` of its text in the REPL. Resolves with its verdict. */
export function typed(program: string): Door {
  return async (scene) => {
    await scene.bring(program);
    const terminal = await scene.terminal();
    const said = await terminal.run(`exec(open("${program}").read())`);
    await terminal.close();
    return said.split('\r\n').at(-2) ?? '';
  };
}
