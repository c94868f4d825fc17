/**
 * The real agent in a bubblewrap sandbox of its own PID namespace, without the runner's drivers: what the agent's own
 * tests run against. As root it steps down to the sandbox's user first.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { agentFolder } from '../../src/agent/command.js';
import { ProcessStream } from '../../src/sandbox/bubblewrap/process-stream.js';

/** A copy that the sandbox's user can read, wherever the checkout is. */
const images = mkdtempSync(join(tmpdir(), 'repl-agent-images-'));
cpSync(fileURLToPath(new URL('../../images', import.meta.url)), images, { recursive: true });
chmodSync(images, 0o755);
process.once('exit', () => {
  rmSync(images, { recursive: true, force: true });
});
const sandboxUser = { uid: 41966, gid: 51966 };
/** The REPL that every Python has, in one colour: what these tests read is the agent's work and not the editor's. */
const plainRepl = { PYTHON_BASIC_REPL: '1', PYTHON_COLORS: '0' };
const environment = { PATH: '/usr/bin:/bin', HOME: '/tmp/home', LANG: 'C.UTF-8' };

export interface AgentProcessOptions {
  readonly orphanSeconds?: number;
  readonly repl?: readonly string[];
  /** False starts the REPL at the claim, as for a language without a hook. */
  readonly hook?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

export const agentEpoch = '00000000-0000-4000-8000-000000000000';

function settings({ orphanSeconds = 60, repl = ['python3'], hook = true, env = {} }: AgentProcessOptions): string {
  const path = `${agentFolder}/hooks/python.py`;
  return JSON.stringify({
    epoch: agentEpoch,
    repl,
    env: { ...plainRepl, ...env },
    hook: hook ? { variable: 'PYTHONSTARTUP', path } : null,
    orphan_seconds: orphanSeconds,
  });
}

function sandboxArguments(options: AgentProcessOptions): string[] {
  return [
    ...['--unshare-all', '--as-pid-1', '--die-with-parent', '--new-session', '--cap-drop', 'ALL'],
    ...['--ro-bind', '/usr', '/usr', '--symlink', 'usr/bin', '/bin', '--symlink', 'usr/lib', '/lib'],
    ...['--symlink', 'usr/lib64', '/lib64', '--proc', '/proc', '--dev', '/dev', '--tmpfs', '/opt'],
    ...['agent/agent.py', 'agent/repl_agent', 'agent/hooks'].flatMap((path) => [
      ...['--ro-bind', `${images}/${path}`, `${agentFolder}/${path.replace('agent/', '')}`],
    ]),
    ...['--tmpfs', '/tmp', '--tmpfs', '/sandbox', '--chdir', '/sandbox', '--clearenv'],
    ...Object.entries(environment).flatMap(([name, value]) => ['--setenv', name, value]),
    ...['/usr/bin/python3', '-I', '-S', '-u', `${agentFolder}/agent.py`, settings(options)],
  ];
}

export class AgentProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly stream: ProcessStream;
  /** Resolves with bwrap's exit code, null when a signal ended it. */
  readonly ended: Promise<number | null>;
  stderr = '';

  constructor(options: AgentProcessOptions = {}) {
    const user = process.getuid?.() === 0 ? sandboxUser : {};
    const child = spawn('bwrap', sandboxArguments(options), { stdio: ['pipe', 'pipe', 'pipe'], ...user });
    this.#child = child;
    this.stream = new ProcessStream(child.stdin, child.stdout);
    this.stream.on('error', () => undefined);
    child.stderr.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    this.ended = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => {
        resolve(code);
      });
    });
  }

  /** The agent's own on this host, null where it has ended. */
  get pid(): number | null {
    const { pid } = this.#child;
    const [inner = ''] = pid === undefined ? [] : childrenOf(pid).split(' ');
    return inner === '' ? null : Number(inner);
  }

  async destroy(): Promise<void> {
    this.stream.destroy();
    this.#child.kill('SIGKILL');
    await this.ended;
  }
}

function childrenOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  } catch {
    return '';
  }
}
