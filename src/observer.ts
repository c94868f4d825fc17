/**
 * What operators are told: turns what happens to sandboxes, sessions and terminals into log lines and metrics, in the same
 * words, with ids masked. It decides nothing.
 */
import type { EgressListener } from './egress/session-egress.js';
import { RunnerError } from './errors.js';
import { requestIdOf } from './http/request-id.js';
import { maskId } from './ids.js';
import type { Logger } from './logger.js';
import type { Metrics } from './metrics.js';
import type { AdoptionListener } from './session/adoption.js';
import type { SessionsListener } from './session/sessions.js';
import type { UpgradeListener } from './terminal/upgrade.js';

export class Observer {
  readonly #metrics: Metrics;
  readonly sessions: SessionsListener;
  readonly adoption: AdoptionListener;
  readonly terminals: UpgradeListener;
  readonly egress: EgressListener;

  constructor(logger: Logger, metrics: Metrics) {
    this.#metrics = metrics;
    this.sessions = sessionsListener(logger, metrics);
    this.adoption = adoptionListener(logger, metrics);
    this.terminals = upgradeListener(logger, metrics);
    this.egress = egressListener(logger, metrics);
  }

  /** Times the making of a sandbox, warm or cold; one that was called off is none that failed. */
  async create<Made>(language: string, make: () => Promise<Made>, signal: AbortSignal): Promise<Made> {
    const since = performance.now();
    try {
      const made = await make();
      this.#metrics.observeCreate(language, performance.now() - since);
      return made;
    } catch (error) {
      if (!signal.aborted) this.#metrics.countCreateFailed(error instanceof RunnerError ? error.code : 'internal');
      throw error;
    }
  }
}

function sessionsListener(logger: Logger, metrics: Metrics): SessionsListener {
  return {
    onStarted: ({ id, cold, language }, { claimMs, prepareMs }) => {
      metrics.observeStart('claim', cold, claimMs);
      metrics.observeStart('prepare', cold, prepareMs);
      logger.info({ session: maskId(id), language, cold, claimMs, prepareMs }, 'session-start-done');
    },
    onExited: ({ id }, outcome) => {
      metrics.countExit(outcome);
      logger.info({ session: maskId(id), outcome }, 'repl-exit-done');
    },
    onRestarted: ({ id }) => {
      metrics.countRestart();
      logger.info({ session: maskId(id) }, 'session-restart-done');
    },
    onRecovered: ({ id }, ms) => {
      const event = ms === null ? 'session-recover-failed' : 'session-recover-done';
      logger.info({ session: maskId(id), ...(ms === null ? {} : { ms }) }, event);
    },
    onEnded: ({ id }, reason) => {
      metrics.countEnded(reason);
      logger.info({ session: maskId(id), reason }, 'session-end-done');
    },
    onEndFailed: ({ id }, reason, error) => {
      metrics.countEndFailed(reason);
      logger.error({ session: maskId(id), reason, err: error }, 'session-end-failed');
    },
  };
}

function adoptionListener(logger: Logger, metrics: Metrics): AdoptionListener {
  return {
    onListed: (count) => {
      metrics.setSandboxesListed(count);
    },
    onAdopted: (id) => {
      metrics.countAdoption('done');
      logger.info({ session: maskId(id) }, 'adopt-done');
    },
    onFailed: (id, error) => {
      // Without an id nothing was to be adopted: the sandboxes could not be listed.
      if (id === '') {
        logger.warn({ err: error }, 'sandboxes-list-failed');
        return;
      }
      metrics.countAdoption('failed');
      logger.warn({ session: maskId(id), err: error }, 'adopt-failed');
    },
  };
}

/** Names and ports, never paths: what a person looks at there is none of an operator's business. */
function egressListener(logger: Logger, metrics: Metrics): EgressListener {
  return {
    onEnded: ({ sessionId, target, outcome, detail, bytesIn, bytesOut, ms, tooOften }) => {
      metrics.countEgress(outcome);
      const fields = { session: maskId(sessionId), target, bytesIn, bytesOut, ms };
      if (outcome === 'done') logger.info(fields, 'egress-connect-done');
      else if (!tooOften) logger.warn({ ...fields, reason: outcome, detail }, 'egress-connect-failed');
    },
    onConnections: (change) => {
      metrics.changeEgressConnections(change);
    },
    onBytes: (direction, bytes) => {
      metrics.countEgressBytes(direction, bytes);
    },
  };
}

function upgradeListener(logger: Logger, metrics: Metrics): UpgradeListener {
  const idOf = ({ headers }: { headers: NodeJS.Dict<string | string[]> }): string =>
    requestIdOf(headers['x-request-id']);
  return {
    onAttached: (request, { id }, role) => {
      metrics.countAttach(role);
      metrics.changeAttachments(role, 1);
      const requestId = idOf(request);
      const fields = { requestId, session: maskId(id), role };
      logger.info(fields, 'attach-done');
      const since = performance.now();
      return (code) => {
        metrics.changeAttachments(role, -1);
        logger.info({ ...fields, code, ms: performance.now() - since }, 'detach-done');
      };
    },
    onRefused: (request, reason) => {
      logger.info({ requestId: idOf(request), reason }, 'attach-failed');
    },
    onClosing: (reason) => {
      metrics.countClose(reason);
    },
    onBytes: (direction, bytes) => {
      metrics.countWebsocketBytes(direction, bytes);
    },
  };
}
