/** A whole runner inside the test's process, on a free port, with its calls at hand. */
import { fileURLToPath } from 'node:url';
import { parseConfig } from '../../src/config.js';
import { createLogger } from '../../src/logger.js';
import { Service } from '../../src/service.js';
import { TerminalClient } from './terminal-client.js';

const imagesFolder = fileURLToPath(new URL('../../images', import.meta.url));

export interface StartedSession {
  readonly id: string;
  readonly view_id: string;
  readonly state: string;
  readonly websocket: string;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
}

export class RunningService {
  private constructor(
    readonly service: Service,
    readonly url: string,
  ) {}

  static async start(env: Readonly<Record<string, string>>): Promise<RunningService> {
    const config = parseConfig({ REPL_RUNNER_PORT: '0', REPL_RUNNER_POOL: 'python=1:2', ...env });
    const logger = createLogger({ level: 'silent', replica: config.replica });
    const service = new Service({ config, logger, imagesFolder, sha: 'test' });
    const { url } = await service.start();
    return new RunningService(service, url);
  }

  async call(method: string, path: string, body?: unknown, type = 'application/json'): Promise<Answer> {
    const raw = body instanceof Uint8Array || typeof body === 'string';
    const response = await fetch(new URL(path, this.url), {
      method,
      ...(body === undefined ? {} : { headers: { 'Content-Type': type }, body: raw ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const parsed: unknown = text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text;
    return { status: response.status, body: parsed, headers: response.headers };
  }

  async startSession(options: Record<string, unknown> = {}): Promise<StartedSession> {
    const answer = await this.call('POST', '/repl', { language: 'python', ...options });
    if (answer.status !== 201) throw new Error(`POST /repl: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body as StartedSession;
  }

  attach(path: string, options: { subprotocol?: string; headers?: Record<string, string> } = {}): TerminalClient {
    return new TerminalClient(this.url.replace('http', 'ws') + path, options);
  }

  /** Starts a session and resolves when its prompt is there. */
  async prompt(options: Record<string, unknown> = {}): Promise<{ session: StartedSession; terminal: TerminalClient }> {
    const session = await this.startSession(options);
    const terminal = this.attach(session.websocket);
    await terminal.until('>>> ');
    return { session, terminal };
  }

  async stop(): Promise<void> {
    await this.service.stop();
  }
}
