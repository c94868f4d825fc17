/** One attack's session, and what an attacker can do with it from within and as its client. */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import type { TerminalClient } from '../support/terminal-client.js';
import type { Answer, AttackedRunner } from './attacked-runner.js';

const programsFolder = new URL('programs/', import.meta.url);

/** The text of a file in test/attack/programs. */
export function programText(name: string): string {
  return readFileSync(new URL(name, programsFolder), 'utf8');
}

/** A process as the host sees it; pids and namespaces are used again, a pid with its start time is not. */
export interface HostProcess {
  readonly pid: string;
  readonly startTime: string;
}

/** Field 22 of /proc/<pid>/stat; null for a process that is not there, or has ended and waits to be noticed. */
export function startTimeOf(pid: string): string | null {
  try {
    const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(/\) (?=[A-Z] )/);
    const fields = rest.split(' ');
    return fields[0] === 'Z' ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

function firstProcessOf(pidNamespace: string): HostProcess | null {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (readlinkSync(`/proc/${pid}/ns/pid`) !== pidNamespace) continue;
      if (!/^NSpid:.*\t1$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) continue;
    } catch {
      continue; // gone, or another user's
    }
    const startTime = startTimeOf(pid);
    if (startTime !== null) return { pid, startTime };
  }
  return null;
}

export interface Ended {
  readonly outcome: string;
  readonly exit_code: number | null;
  readonly signal: string | null;
  readonly stdout: { readonly content?: string; readonly base64?: string; readonly truncated: boolean };
  readonly stderr: { readonly content?: string; readonly truncated: boolean };
}

export class Scene {
  private constructor(
    readonly runner: AttackedRunner,
    readonly id: string,
    readonly websocket: string,
    /** The sandbox's first process, with which the kernel ends all others. Null where the host may not look for it. */
    readonly agent: HostProcess | null,
  ) {}

  /** @param files of the workspace; programs/probe.py is always among them */
  static async open(runner: AttackedRunner, files: Readonly<Record<string, string>> = {}): Promise<Scene> {
    const all = { 'probe.py': programText('probe.py'), ...files };
    const answer = await runner.call('POST', '/repl', { language: 'python', files: all });
    const { id, websocket } = answer.body as { id: string; websocket: string };
    if (answer.status !== 201) throw new Error(`POST /repl: ${answer.status} ${JSON.stringify(answer.body)}`);
    const where = await runner.call('POST', `/repl/${id}/run`, { argv: ['readlink', '/proc/self/ns/pid'] });
    const pidNamespace = (where.body as Ended).stdout.content?.trim() ?? '';
    if (!/^pid:\[\d+\]$/.test(pidNamespace)) throw new Error(`no PID namespace: ${JSON.stringify(where.body)}`);
    return new Scene(runner, id, websocket, firstProcessOf(pidNamespace));
  }

  get driver(): 'docker' | 'bubblewrap' {
    return this.runner.ground.driver;
  }

  async call(method: string, path: string, body?: unknown, type?: string): Promise<Answer> {
    return await this.runner.call(method, `/repl/${this.id}${path}`, body, type);
  }

  /** Puts programs into the workspace. */
  async bring(...names: string[]): Promise<void> {
    for (const name of names) {
      const { status } = await this.call(
        'PUT',
        `/files/${name}`,
        Buffer.from(programText(name)),
        'application/octet-stream',
      );
      if (status >= 300) throw new Error(`PUT ${name}: ${status}`);
    }
  }

  async run(body: object): Promise<Ended> {
    const { status, body: told } = await this.call('POST', '/run', body);
    if (status !== 200) throw new Error(`POST run: ${status} ${JSON.stringify(told)}`);
    return told as Ended;
  }

  /** Attaches to its terminal; resolves at the prompt. */
  async terminal(subprotocol?: string): Promise<TerminalClient> {
    const terminal = this.runner.attach(this.websocket, subprotocol);
    await terminal.until('>>> ');
    return terminal;
  }

  /** Whether its REPL answers what is typed. */
  async answers(): Promise<boolean> {
    const terminal = this.runner.attach(this.websocket);
    await terminal.until('>>> ');
    terminal.type('6 * 7\r');
    await terminal.until('42');
    await terminal.close();
    return true;
  }

  /** Whether the session still does what it is for. */
  async works(): Promise<boolean> {
    const { outcome, stdout } = await this.run({ argv: ['echo', 'still here'], limits: { wall_seconds: 5 } });
    return outcome === 'ok' && stdout.content === 'still here\n';
  }

  async end(): Promise<void> {
    await this.call('DELETE', '');
  }
}
