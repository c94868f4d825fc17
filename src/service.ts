/**
 * The composition root: puts the modules together by the settings, starts them in order and stops them in the opposite
 * one. The only file that knows which drivers exist.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Config } from './config.js';
import { RunnerError } from './errors.js';
import { createApp } from './http/app.js';
import { isAuthorized, isOriginAllowed } from './http/authorize.js';
import { maskId, newSessionId } from './ids.js';
import { Catalogue } from './language/catalogue.js';
import type { Language } from './language/language.js';
import type { Logger } from './logger.js';
import { Metrics } from './metrics.js';
import { Pool } from './pool/pool.js';
import { createWarmSandbox, type WarmSandbox } from './pool/warm-sandbox.js';
import { BubblewrapDriver } from './sandbox/bubblewrap/bubblewrap-driver.js';
import { DockerDriver } from './sandbox/docker/docker-driver.js';
import type { Limits } from './sandbox/limits.js';
import { outputOf, proveWalls } from './sandbox/prove-walls.js';
import type { SandboxDriver } from './sandbox/sandbox.js';
import { seccompProfileText } from './sandbox/seccomp/seccomp-profile.js';
import { Adoption } from './session/adoption.js';
import { Sessions, type LanguagePool } from './session/sessions.js';
import { TerminalUpgrade } from './terminal/upgrade.js';

/** Refills start this long after the claim that caused them, so that they do not disturb its first prompt. */
const refillDelayMs = 250;
const retryDelayMs = 1_000;
/** Starts that may wait for a sandbox, for each session that the replica may hold. */
const waitingPerSession = 0.5;

interface StartableLanguage {
  readonly name: string;
  readonly title: string;
  /** As its interpreter says it, e.g. `Python 3.13.5`. */
  readonly version: string;
}

export interface ServiceParts {
  readonly config: Config;
  readonly logger: Logger;
  readonly imagesFolder: string;
  /** What a browser finds at `/` while no API token is set; absent, nothing. */
  readonly pageFolder?: string;
  /** The commit that this build was made from. */
  readonly sha: string;
}

export class Service {
  readonly #parts: ServiceParts;
  readonly #metrics = new Metrics();
  #driver: SandboxDriver | null = null;
  #pools: readonly LanguagePool[] = [];
  #sessions: Sessions | null = null;
  #adoption: Adoption | null = null;
  #upgrade: TerminalUpgrade | null = null;
  #server: Server | null = null;
  #stopping: Promise<void> | null = null;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
  }

  /** Which driver makes the sandboxes; known after `start`. */
  get driverName(): string {
    return this.#driver?.name ?? 'none';
  }

  /**
   * Chooses a driver, proves its walls, takes up what an earlier runner left, fills the pools and listens. Rejects, with
   * nothing left running, when any of that cannot be done; the message names the remedy.
   */
  async start(): Promise<{ url: string }> {
    try {
      return await this.#start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Refuses new sessions, ends or releases the others, and leaves nothing behind. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopOnce();
    return this.#stopping;
  }

  async #start(): Promise<{ url: string }> {
    const { config, imagesFolder } = this.#parts;
    const catalogue = await Catalogue.load({ imagesFolder, imageTag: config.imageTag });
    const languages = config.pool.map(({ language }) => catalogue.get(language));
    this.#driver = await this.#chooseDriver(languages);
    const startable = await this.#inspect(this.#driver, languages);
    const sessions = this.#createSessions(this.#driver, languages);
    this.#sessions = sessions;
    this.#adoption = new Adoption(this.#driver, sessions, {
      replica: config.replica,
      resumeGraceSeconds: config.resumeGraceMs / 1000,
      onAdopted: (id) => {
        this.#parts.logger.info({ session: maskId(id) }, 'adopt-done');
      },
      onFailed: (id, error) => {
        this.#parts.logger.warn({ session: maskId(id), err: error }, 'adopt-failed');
      },
    });
    await this.#adoption.open();
    for (const { pool } of this.#pools) pool.open();
    const url = await this.#listen(sessions, startable);
    return { url };
  }

  async #chooseDriver(languages: readonly Language[]): Promise<SandboxDriver> {
    const { config, imagesFolder, logger } = this.#parts;
    const makers: Record<'docker' | 'bubblewrap', () => SandboxDriver> = {
      docker: () =>
        new DockerDriver({ imagesFolder, seccompProfile: seccompProfileText(), runtime: config.dockerRuntime }),
      bubblewrap: () =>
        new BubblewrapDriver({
          imagesFolder,
          ...(config.bubblewrapRootfs === null ? {} : { rootfs: config.bubblewrapRootfs }),
        }),
    };
    const names = config.sandbox === 'auto' ? (['docker', 'bubblewrap'] as const) : [config.sandbox];
    const reasons: string[] = [];
    for (const name of names) {
      const driver = makers[name]();
      try {
        await driver.prepare(languages);
        return driver;
      } catch (error) {
        await driver.close();
        reasons.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
        logger.info({ driver: name, err: error }, 'driver-prepare-failed');
      }
    }
    throw new RunnerError('driver_unavailable', `No sandbox can be made on this host.\n${reasons.join('\n')}`);
  }

  /** Proves the walls around each language, and asks its interpreter for its version on the way. */
  async #inspect(driver: SandboxDriver, languages: readonly Language[]): Promise<StartableLanguage[]> {
    const inspected: StartableLanguage[] = [];
    for (const language of languages) {
      const warm = await this.#make(driver, language, {}, AbortSignal.timeout(60_000));
      try {
        await this.#proveWalls(driver, warm);
        const version = await outputOf(warm.connection, language.version);
        inspected.push({ name: language.name, title: language.title, version: version.trim().slice(0, 100) });
      } finally {
        warm.connection.close('the self-check is over');
        await warm.sandbox.destroy();
      }
    }
    return inspected;
  }

  async #proveWalls(driver: SandboxDriver, { connection, sandbox }: WarmSandbox): Promise<void> {
    const { config, imagesFolder, logger } = this.#parts;
    const { accept } = config;
    const program = join(imagesFolder, 'agent', 'self_check.py');
    const verdict = await proveWalls({ connection, spec: sandbox.spec, program, accepted: accept });
    for (const weakness of verdict.accepted) logger.warn({ weakness }, 'weakness-accepted');
    if (verdict.refused.length === 0) return;
    const lines = verdict.refused.map(({ name, detail }) => `  - ${name}: ${detail}`);
    const names = [...accept, ...verdict.refused.map(({ name }) => name)].join(',');
    throw new RunnerError(
      'driver_unavailable',
      `The ${driver.name} sandbox does not hold on this host:\n${lines.join('\n')}\n` +
        `Mend that, or accept the weakness by name: REPL_RUNNER_ACCEPT=${names}`,
    );
  }

  #make(driver: SandboxDriver, language: Language, limits: Partial<Limits>, signal: AbortSignal): Promise<WarmSandbox> {
    const { config } = this.#parts;
    const { replica, orphanSeconds } = config;
    const identity = { sessionId: newSessionId(replica), viewId: newSessionId(replica), replica };
    const spec = { identity, language, limits: { ...config.limits, ...limits }, orphanSeconds };
    return createWarmSandbox(driver, spec, { resumeGraceSeconds: config.resumeGraceMs / 1000 }, signal);
  }

  #createSessions(driver: SandboxDriver, languages: readonly Language[]): Sessions {
    const { config, logger } = this.#parts;
    const pools = config.pool.map(({ language: name, min, max }) => {
      const language = languages.find((candidate) => candidate.name === name);
      if (language === undefined) throw new RunnerError('language_unknown', `There is no language ${name}.`);
      const pool = new Pool(
        {
          language,
          bounds: { min, max },
          concurrency: availableParallelism(),
          admissionWaitMs: config.admissionWaitMs,
          maxWaiting: Math.ceil(config.maxSessions * waitingPerSession),
          refillDelayMs,
          retryDelayMs,
        },
        {
          make: (made, limits, signal) => this.#make(driver, made, limits, signal),
          room: () => this.#sessions?.room ?? 0,
          onMade: (ms) => {
            logger.debug({ language: name, ms }, 'sandbox-create-done');
          },
          onMakeFailed: (error) => {
            logger.error({ language: name, err: error }, 'sandbox-create-failed');
          },
        },
      );
      return { language, pool };
    });
    this.#pools = pools;
    const { idleMs, detachGraceMs, maxLifetimeMs, resumeGraceMs } = config;
    return new Sessions(
      pools,
      {
        replica: config.replica,
        maxSessions: config.maxSessions,
        defaultLimits: config.limits,
        session: { rules: { idleMs, detachGraceMs, maxLifetimeMs }, resumeGraceMs },
      },
      {
        onStarted: (session, { claimMs, prepareMs }) => {
          this.#metrics.observeStart('claim', session.cold, claimMs);
          this.#metrics.observeStart('prepare', session.cold, prepareMs);
          logger.info(
            { session: maskId(session.id), language: session.language, claimMs, prepareMs },
            'session-start-done',
          );
        },
        onEnded: (session, reason) => {
          this.#metrics.countEnded(reason);
          logger.info({ session: maskId(session.id), reason }, 'session-end-done');
        },
        onEndFailed: (session, reason, error) => {
          this.#metrics.countEndFailed(reason);
          logger.error({ session: maskId(session.id), reason, err: error }, 'session-end-failed');
        },
      },
    );
  }

  async #listen(sessions: Sessions, languages: readonly StartableLanguage[]): Promise<string> {
    const { config, logger, sha, pageFolder } = this.#parts;
    const page = pageFolder === undefined ? {} : { pageFolder };
    const app = createApp({ sessions, languages, config, metrics: this.#metrics, logger, sha, ...page });
    const server = createServer(app);
    this.#server = server;
    this.#upgrade = new TerminalUpgrade(server, {
      sessions,
      authorized: (request) => isAuthorized(request, config.apiToken),
      originAllowed: (request) => isOriginAllowed(request, config.allowedOrigins),
      countBytes: (direction, bytes) => {
        this.#metrics.countWebsocketBytes(direction, bytes);
      },
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        const why = error.code === 'EADDRINUSE' ? 'another program listens there' : error.message;
        const remedy = 'Stop it, or choose another port with REPL_RUNNER_PORT.';
        const message = `Cannot listen on ${config.host}:${config.port}: ${why}. ${remedy}`;
        reject(new RunnerError('driver_unavailable', message, { cause: error }));
      });
      server.listen(config.port, config.host, resolve);
    });
    // A TCP server's address is never a pipe's name or null once it listens.
    const { port } = server.address() as AddressInfo;
    const host = config.host.includes(':') ? `[${config.host}]` : config.host;
    return `http://${host}:${port}`;
  }

  async #stopOnce(): Promise<void> {
    this.#sessions?.drain();
    this.#adoption?.stop();
    const closed = new Promise<void>((resolve) => {
      if (this.#server?.listening === true)
        this.#server.close(() => {
          resolve();
        });
      else resolve();
    });
    await this.#sessions?.stop(this.#driver?.sandboxesOutliveRunner ?? false);
    this.#upgrade?.close();
    this.#server?.closeAllConnections();
    await Promise.all(this.#pools.map(({ pool }) => pool.stop()));
    await closed;
    await this.#driver?.close();
  }
}
