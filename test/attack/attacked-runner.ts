/**
 * The real runner in a process of its own, on one ground, with a neighbour's session beside those that attack. Small
 * limits, so that attacks reach them soon.
 */
import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import type { Ground } from '../support/grounds.js';
import { RunnerProgram } from '../support/runner-program.js';
import { TerminalClient } from '../support/terminal-client.js';
import { Neighbour } from './neighbour.js';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const limits = {
  REPL_RUNNER_LIMIT_MEMORY_MIB: '128',
  REPL_RUNNER_LIMIT_PROCESSES: '64',
  REPL_RUNNER_LIMIT_DISK_MIB: '16',
  REPL_RUNNER_LIMIT_INODES: '2000',
};

export class AttackedRunner {
  private constructor(
    readonly ground: Ground,
    readonly replica: string,
    readonly program: RunnerProgram,
    readonly neighbour: Neighbour,
  ) {}

  static async start(ground: Ground): Promise<AttackedRunner> {
    const replica = `attack-${randomBytes(6).toString('hex')}`;
    const program = await RunnerProgram.start({
      ...ground.env,
      ...limits,
      REPL_RUNNER_REPLICA: replica,
      REPL_RUNNER_POOL: 'python=2:3',
    });
    const { id, websocket } = await program.call('POST', '/repl', { language: 'python' });
    const neighbour = new Neighbour(String(id), new TerminalClient(wsUrl(program) + String(websocket)));
    return new AttackedRunner(ground, replica, program, neighbour);
  }

  /** One call, whatever its answer, on a connection of its own; an octet body is sent as it is. */
  async call(method: string, path: string, body?: unknown, type = 'application/json'): Promise<Answer> {
    const sent = body === undefined ? null : Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
    const headers: Record<string, string> =
      sent === null ? {} : { 'Content-Type': type, 'Content-Length': String(sent.length) };
    return await new Promise((resolve, reject) => {
      const call = request(new URL(path, this.program.url), { method, headers, agent: false });
      call.on('error', reject).on('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
        response.on('error', reject).on('end', () => {
          const json = String(response.headers['content-type']).includes('json');
          resolve({ status: response.statusCode ?? 0, body: json ? (JSON.parse(text) as unknown) : text });
        });
      });
      call.end(sent ?? undefined);
    });
  }

  /** @param path of a session's websocket */
  attach(path: string, subprotocol?: string): TerminalClient {
    return new TerminalClient(wsUrl(this.program) + path, subprotocol === undefined ? {} : { subprotocol });
  }

  async stop(): Promise<void> {
    await this.call('DELETE', `/repl/${this.neighbour.id}`);
    await this.program.stop();
  }
}

function wsUrl(program: RunnerProgram): string {
  return program.url.replace('http', 'ws');
}
