/**
 * The runner's controlled way out: what the operator allows, opened for one sandbox at a time with the names that its session
 * was given. A sandbox that was given none gets nothing, whatever its agent asks for.
 */
import type { AgentConnection } from '../agent/agent-connection.js';
import type { EgressEntry } from './allow-list.js';
import { egressEnvironment, proxyPort, type PipIndex } from './egress-environment.js';
import { readGrant, writeGrant } from './grant.js';
import { Lookups, type Resolve } from './lookup.js';
import { SessionEgress, type EgressBounds, type EgressListener } from './session-egress.js';

export interface EgressSettings extends EgressBounds {
  /** Empty: nobody has a way out. */
  readonly entries: readonly EgressEntry[];
  readonly pipIndex: PipIndex | null;
  /** What grants are sealed with; null: a session that another runner takes up has no way out any more. */
  readonly key: string | null;
}

export interface EgressParts {
  readonly resolve: Resolve;
  readonly listener: EgressListener;
}

/** A session's way out: to which names, and the variables that its programs need. */
export interface OpenedEgress {
  readonly names: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Goes on over another connection to the same agent, with what the session has left of its bounds. */
  readonly serve: (connection: Pick<AgentConnection, 'acceptConnections'>) => void;
}

type Connection = Pick<AgentConnection, 'acceptConnections' | 'request'>;

export class Egress {
  readonly #settings: EgressSettings;
  readonly #lookups: Lookups;
  readonly #listener: EgressListener;

  constructor(settings: EgressSettings, { resolve, listener }: EgressParts) {
    this.#settings = settings;
    this.#lookups = new Lookups(resolve);
    this.#listener = listener;
  }

  /** Before the first program of the sandbox runs. Rejects as a request to the agent does. */
  async open(connection: Connection, sessionId: string, names: readonly string[]): Promise<OpenedEgress> {
    const opened = this.#serve(connection, sessionId, names);
    if (opened.names.length === 0) return opened;
    const grant = writeGrant(this.#settings.key, sessionId, opened.names);
    await connection.request('egress', { port: proxyPort, grant });
    return opened;
  }

  /** For a session that an earlier runner has started; the grant is what its agent says, be it true or not. */
  resume(connection: Connection, sessionId: string, grant: string | null): OpenedEgress {
    return this.#serve(connection, sessionId, readGrant(this.#settings.key, sessionId, grant));
  }

  /** No name is believed that the operator does not allow now. */
  #serve(connection: Connection, id: string, names: readonly string[]): OpenedEgress {
    const { entries, pipIndex, maxConnections, maxBytes } = this.#settings;
    const own = entries.filter(({ name }) => names.includes(name));
    const session = new SessionEgress(
      { id, entries: own },
      { bounds: { maxConnections, maxBytes }, lookups: this.#lookups, listener: this.#listener },
    );
    const serve: OpenedEgress['serve'] = (to) => {
      to.acceptConnections((client) => {
        session.take(client);
      });
    };
    serve(connection);
    if (own.length === 0) return { names: [], env: {}, serve };
    return { names: [...new Set(own.map(({ name }) => name))], env: egressEnvironment(own, pipIndex), serve };
  }
}
