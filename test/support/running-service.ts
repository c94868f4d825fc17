/** A whole runner inside the test's process, on a free port, with its calls at hand. */
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { parseConfig } from '../../src/config.js';
import type { Resolve } from '../../src/egress/lookup.js';
import { createLogger } from '../../src/logger.js';
import { Service } from '../../src/service.js';
import { patienceMs } from './patience.js';
import { TerminalClient } from './terminal-client.js';

const docsFolder = fileURLToPath(new URL('../../dist/docs', import.meta.url));
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

/** A start is answered however long its sandbox takes on a busy machine. */
export const patient = { REPL_RUNNER_ADMISSION_WAIT_SECONDS: String(patienceMs / 1_000) };

/** Runners of one name would take each other's sandboxes for their own. */
function newReplica(): Record<string, string> {
  return { REPL_RUNNER_REPLICA: `test-${randomBytes(6).toString('hex')}` };
}

export class RunningService {
  readonly #started: string[] = [];

  private constructor(
    readonly service: Service,
    readonly url: string,
    private readonly headers: Readonly<Record<string, string>>,
  ) {}

  /** @param parts what is to be found at `/`, and how names are looked up */
  static async start(
    env: Readonly<Record<string, string>>,
    parts: { readonly pageFolder?: string; readonly resolve?: Resolve; readonly log?: (line: string) => void } = {},
  ): Promise<RunningService> {
    const config = parseConfig({
      REPL_RUNNER_PORT: '0',
      REPL_RUNNER_POOL: 'python=2:4',
      ...patient,
      ...newReplica(),
      ...env,
    });
    const { log, ...given } = parts;
    const logger = createLogger({
      level: log === undefined ? 'silent' : config.logLevel,
      replica: config.replica,
      ...(log === undefined ? {} : { stream: { write: log } }),
    });
    const service = new Service({
      config,
      logger,
      imagesFolder,
      sha: 'test',
      docsFolder,
      ...given,
    });
    const { url } = await service.start();
    const headers: Record<string, string> =
      config.apiToken === null ? {} : { Authorization: `Bearer ${config.apiToken}` };
    return new RunningService(service, url, headers);
  }

  /** On a connection of its own, which is gone with the answer. */
  async call(method: string, path: string, body?: unknown, type = 'application/json'): Promise<Answer> {
    // A copy of octets, as fetch takes none of shared memory.
    const octets = body instanceof Uint8Array ? new Uint8Array(body) : null;
    const sent = octets ?? (typeof body === 'string' ? body : JSON.stringify(body));
    const response = await fetch(new URL(path, this.url), {
      method,
      headers: { ...this.headers, Connection: 'close', ...(body === undefined ? {} : { 'Content-Type': type }) },
      ...(body === undefined ? {} : { body: sent }),
    });
    const text = await response.text();
    const parsed: unknown = text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text;
    return { status: response.status, body: parsed, headers: response.headers };
  }

  async startSession(options: Record<string, unknown> = {}): Promise<StartedSession> {
    const answer = await this.call('POST', '/repl', { language: 'python', ...options });
    if (answer.status !== 201) throw new Error(`POST /repl: ${answer.status} ${JSON.stringify(answer.body)}`);
    const session = answer.body as StartedSession;
    this.#started.push(session.id);
    return session;
  }

  attach(
    path: string,
    options: { subprotocol?: string | string[]; headers?: Record<string, string> } = {},
  ): TerminalClient {
    return new TerminalClient(this.url.replace('http', 'ws') + path, options);
  }

  /** Starts a session and resolves when its prompt is there. */
  async prompt(options: Record<string, unknown> = {}): Promise<{ session: StartedSession; terminal: TerminalClient }> {
    const session = await this.startSession(options);
    const terminal = this.attach(session.websocket);
    await terminal.until('>>> ');
    return { session, terminal };
  }

  /** Ends every session, since those of Docker would wait for the next runner, and the runner itself. */
  async stop(): Promise<void> {
    await Promise.all(this.#started.map((id) => this.call('DELETE', `/repl/${id}`)));
    await this.service.stop();
  }
}
