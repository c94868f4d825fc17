/** The program of `memory-runner` in a process of its own, with its calls and its facts at hand. */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { protections } from '../../../src/sandbox/self-check.js';
import { ListeningProcess } from '../listening-process.js';
import { RunnerProcess } from '../runner-process.js';
import type { Facts, Message } from './memory-runner.js';

const program = fileURLToPath(new URL('./memory-runner.js', import.meta.url));

export class MemoryRunnerProcess extends RunnerProcess {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: URL) {
    super(new ListeningProcess(child, url));
    this.#child = child;
  }

  /** @param room for so many sessions, and as many as `warm` of it made ahead of time */
  static async open({ room, warm }: { room: number; warm: number }): Promise<MemoryRunnerProcess> {
    const child = fork(program, {
      execArgv: ['--expose-gc'],
      env: {
        ...process.env,
        REPL_RUNNER_PORT: '0',
        REPL_RUNNER_LOG_LEVEL: 'error',
        REPL_RUNNER_REPLICA: 'bench',
        REPL_RUNNER_ACCEPT: protections.join(','),
        REPL_RUNNER_MAX_SESSIONS: String(room),
        REPL_RUNNER_POOL: `python=${warm}:${warm}`,
        REPL_RUNNER_ADMISSION_WAIT_SECONDS: '60',
      },
    });
    const { url } = await answer(child, (message) => ('url' in message ? message : null));
    return new MemoryRunnerProcess(child, new URL(url));
  }

  /** What it has spent since this was last asked, and what it holds. */
  async facts(): Promise<Facts> {
    const answered = answer(this.#child, (message) => ('facts' in message ? message.facts : null));
    this.#child.send('facts');
    return await answered;
  }
}

/** The first message that `read` takes. Rejects when the process ends before. */
function answer<T>(child: ChildProcess, read: (message: Message) => T | null): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      child.off('message', onMessage);
      child.off('exit', onExit);
      act();
    };
    const onMessage = (message: unknown): void => {
      // Only memory-runner, of this build, is at the other end.
      const said = read(message as Message);
      if (said !== null)
        settle(() => {
          resolve(said);
        });
    };
    const onExit = (code: number | null): void => {
      settle(() => {
        reject(new Error(`${program} ended with ${String(code)}`));
      });
    };
    child.on('message', onMessage);
    child.on('exit', onExit);
  });
}
