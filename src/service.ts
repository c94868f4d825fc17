/**
 * The composition root: puts the modules together by the settings, starts them in order and stops them in the opposite
 * one. The only file that knows which drivers exist.
 */
import { createServer, type Server } from 'node:http';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { abortAfter } from './abort-after.js';
import type { Config } from './config.js';
import { Egress } from './egress/egress.js';
import { systemResolve, type Resolve } from './egress/lookup.js';
import { RunnerError } from './errors.js';
import { OneShots } from './execution/one-shots.js';
import { runOnce } from './execution/run-once.js';
import { Evaluator } from './execution/evaluate/evaluator.js';
import { createApp } from './http/app.js';
import { ApiKeysFile } from './config/api-keys-file.js';
import { ApiKeys } from './http/api-keys.js';
import { callerName, isOriginAllowed } from './http/authorize.js';
import { newSessionId } from './ids.js';
import { Catalogue } from './language/catalogue.js';
import type { Language } from './language/language.js';
import { keepAliveTimeoutMs, listen } from './listen.js';
import type { Logger } from './logger.js';
import { Metrics } from './metrics.js';
import { Observer } from './observer.js';
import { LanguagePools } from './pool/language-pools.js';
import { Pool } from './pool/pool.js';
import { createWarmSandbox, type WarmSandbox } from './pool/warm-sandbox.js';
import { BubblewrapDriver } from './sandbox/bubblewrap/bubblewrap-driver.js';
import { DockerDriver } from './sandbox/docker/docker-driver.js';
import type { Limits } from './sandbox/limits.js';
import { outputOf, proveWalls } from './sandbox/prove-walls.js';
import type { SandboxDriver } from './sandbox/sandbox.js';
import { seccompProfileText } from './sandbox/seccomp/seccomp-profile.js';
import { Adoption } from './session/adoption.js';
import { Sessions } from './session/sessions.js';
import { attachVerdict } from './terminal/attach-token.js';
import { TerminalUpgrade } from './terminal/upgrade.js';

/** Refills start this long after the claim that caused them, so that they do not disturb its first prompt. */
const refillDelayMs = 250;
const retryDelayMs = 1_000;
/** A session that is adopted counts from its sandbox's creation: what that is older than the session, it lives shorter. */
const maxWarmMs = 15 * 60_000;
const minWarmMs = 60_000;
/** Of a session's maximum lifetime. */
const warmShare = 0.1;
/** More than a run may take that is built before, or an evaluation that has a checker. */
const longestWorkMs = 3 * 60 * 60_000;
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
  /** The page at `/docs`; absent, there is none. */
  readonly docsFolder?: string;
  /** The commit that this build was made from. */
  readonly sha: string;
  /** How names are looked up for sessions that have a way out; absent, as this host does it. */
  readonly resolve?: Resolve;
  /** What makes the sandboxes; absent, the driver that the settings name. */
  readonly driver?: SandboxDriver;
}

export class Service {
  readonly #parts: ServiceParts;
  readonly #metrics = new Metrics();
  readonly #observer: Observer;
  readonly #egress: Egress;
  #driver: SandboxDriver | null = null;
  #pools: LanguagePools | null = null;
  #sessions: Sessions | null = null;
  #oneShots: OneShots | null = null;
  #adoption: Adoption | null = null;
  #upgrade: TerminalUpgrade | null = null;
  #server: Server | null = null;
  #keysFile: ApiKeysFile | null = null;
  #starting: Promise<{ url: string }> | null = null;
  #draining: Promise<void> | null = null;
  #stopping: Promise<void> | null = null;
  /** Cuts a start or a drain short. */
  readonly #stopNow = new AbortController();

  constructor(parts: ServiceParts) {
    this.#parts = parts;
    this.#observer = new Observer(parts.logger, this.#metrics);
    const { resolve = systemResolve } = parts;
    this.#egress = new Egress(parts.config.egress, { resolve, listener: this.#observer.egress });
  }

  /** Which driver makes the sandboxes; known after `start`. */
  get driverName(): string {
    return this.#driver?.name ?? 'none';
  }

  /** Sessions that go on when this process stops, since their sandboxes outlive it. */
  get outlivingSessions(): number {
    return this.#driver?.sandboxesOutliveRunner === true ? (this.#sessions?.list().length ?? 0) : 0;
  }

  /**
   * Chooses a driver, proves its walls, takes up what an earlier runner left, fills the pools and listens. Rejects, with
   * nothing left running, when any of that cannot be done; the message names the remedy.
   */
  async start(): Promise<{ url: string }> {
    try {
      this.#starting = this.#start();
      return await this.#starting;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /**
   * Refuses new sessions from now on. Resolves when the others have ended, or once they have been ended or released because
   * the deadline has passed or the service stops; nobody else is served differently meanwhile. Idempotent.
   */
  drain(): Promise<void> {
    this.#draining ??= this.#drainOnce();
    return this.#draining;
  }

  /** Refuses new sessions, ends or releases the others at once, and leaves nothing behind. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopOnce();
    return this.#stopping;
  }

  async #start(): Promise<{ url: string }> {
    const { config, imagesFolder } = this.#parts;
    const catalogue = await Catalogue.load({ imagesFolder, imageTag: config.imageTag });
    const languages = config.pool.map(({ language }) => catalogue.get(language));
    this.#driver = this.#parts.driver ?? (await this.#chooseDriver(languages));
    this.#metrics.setInfo(this.#driver.name, this.#parts.sha);
    const startable = await this.#inspect(this.#driver, languages);
    const pools = this.#createPools(this.#driver, languages);
    this.#pools = pools;
    const oneShots = this.#createOneShots(pools);
    this.#oneShots = oneShots;
    const sessions = this.#createSessions(pools);
    this.#sessions = sessions;
    this.#adoption = new Adoption(
      { driver: this.#driver, sessions },
      {
        replica: config.replica,
        resumeGraceSeconds: config.resumeGraceMs / 1000,
        maxAgeMs: maxWarmMs + Math.max(config.maxLifetimeMs, longestWorkMs),
      },
      this.#observer.adoption,
    );
    await this.#adoption.open();
    pools.open();
    const url = await this.#listen(sessions, oneShots, startable);
    return { url };
  }

  async #chooseDriver(languages: readonly Language[]): Promise<SandboxDriver> {
    const { config, imagesFolder, logger } = this.#parts;
    const makers: Record<'docker' | 'bubblewrap', () => SandboxDriver> = {
      docker: () =>
        new DockerDriver({
          imagesFolder,
          seccompProfile: seccompProfileText(),
          runtime: config.dockerRuntime,
          deployment: config.deployment,
        }),
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
      const signal = AbortSignal.any([abortAfter(60_000), this.#stopNow.signal]);
      const warm = await this.#make(driver, language, {}, signal);
      try {
        await this.#proveWalls(driver, warm);
        const version = await outputOf(warm.connection, language.version);
        const [firstLine = ''] = version.trim().split('\n');
        inspected.push({ name: language.name, title: language.title, version: firstLine.slice(0, 100) });
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

  #createPools(driver: SandboxDriver, languages: readonly Language[]): LanguagePools {
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
          maxAgeMs: Math.min(maxWarmMs, Math.max(minWarmMs, config.maxLifetimeMs * warmShare)),
        },
        {
          make: (made, limits, signal) =>
            this.#observer.create(name, () => this.#make(driver, made, limits, signal), signal),
          room: () => (this.#sessions?.room ?? 0) + (this.#oneShots?.room ?? 0),
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
    return new LanguagePools(pools, config.limits);
  }

  #createSessions(pools: LanguagePools): Sessions {
    const { config } = this.#parts;
    const { idleMs, detachGraceMs, maxLifetimeMs, resumeGraceMs } = config;
    return new Sessions(
      pools,
      {
        replica: config.replica,
        maxSessions: config.maxSessions,
        keyLimits: config.keyLimits,
        session: { rules: { idleMs, detachGraceMs, maxLifetimeMs }, resumeGraceMs, egress: this.#egress },
      },
      this.#observer.sessions,
    );
  }

  #createOneShots(pools: LanguagePools): OneShots {
    const { max, maxWaiting, maxWaitMs } = this.#parts.config.runs;
    const options = { places: max, maxWaiting, maxWaitMs, now: () => performance.now() };
    return new OneShots(pools, options, {
      onDestroyFailed: (error) => {
        this.#parts.logger.error({ err: error }, 'sandbox-destroy-failed');
      },
    });
  }

  async #listen(sessions: Sessions, oneShots: OneShots, languages: readonly StartableLanguage[]): Promise<string> {
    const { config, logger, sha, pageFolder, docsFolder } = this.#parts;
    const pages = {
      ...(pageFolder === undefined ? {} : { pageFolder }),
      ...(docsFolder === undefined ? {} : { docsFolder }),
    };
    const drain = (): void => {
      this.drain().catch((error: unknown) => {
        logger.error({ err: error }, 'drain-failed');
      });
    };
    const keys = await this.#readKeys();
    const evaluator = new Evaluator(oneShots);
    /** Work in a sandbox of its own counts for its key, as a session does. */
    const admitted = async <T>(key: string, work: () => Promise<T>): Promise<T> => {
      const leave = sessions.admitRun(key);
      return await work().finally(leave);
    };
    const app = createApp({
      ...{ sessions, languages, config, keys, drain, metrics: this.#metrics, logger, sha, ...pages },
      runOnce: (request, signal) => admitted(request.key, () => runOnce(oneShots, this.#egress, request, signal)),
      runLoad: () => oneShots.load,
      evaluator: {
        once: (request, signal, listener) => admitted(request.key, () => evaluator.once(request, signal, listener)),
        within: (...given) => evaluator.within(...given),
      },
    });
    const server = createServer({ keepAliveTimeout: keepAliveTimeoutMs }, app);
    this.#server = server;
    this.#upgrade = new TerminalUpgrade(server, {
      sessions,
      authorized: (request) => callerName(request, keys) !== null,
      originAllowed: (request) => isOriginAllowed(request, config.allowedOrigins),
      attachVerdict: ({ headers }, id) => {
        const subprotocols = headers['sec-websocket-protocol'];
        return attachVerdict({ id, subprotocols }, config.attachTokens, Date.now());
      },
      listener: this.#observer.terminals,
    });
    return await listen(server, config).catch((error: unknown) => {
      const { code, message: said } = error as NodeJS.ErrnoException;
      const why = code === 'EADDRINUSE' ? 'another program listens there' : said;
      const remedy = 'Stop it, or choose another port with REPL_RUNNER_PORT.';
      const message = `Cannot listen on ${config.host}:${config.port}: ${why}. ${remedy}`;
      throw new RunnerError('driver_unavailable', message, { cause: error });
    });
  }

  /** The token of the settings, if any, and the keys of the file, which are replaced whenever that changes. */
  async #readKeys(): Promise<ApiKeys> {
    const { config, logger } = this.#parts;
    const fixed = config.apiToken === null ? [] : [{ name: 'token', key: config.apiToken }];
    if (config.apiKeysFile === null) return new ApiKeys(fixed);
    const file = new ApiKeysFile(config.apiKeysFile);
    const keys = new ApiKeys([...fixed, ...(await file.read())]);
    this.#keysFile = file;
    file.watch(
      (changed) => {
        keys.replace([...fixed, ...changed]);
        logger.info({ names: [...new Set(changed.map(({ name }) => name))] }, 'api-keys-read-done');
      },
      (error) => {
        logger.error({ err: error }, 'api-keys-read-failed');
      },
    );
    return keys;
  }

  async #drainOnce(): Promise<void> {
    const { config, logger } = this.#parts;
    const sessions = this.#sessions;
    if (sessions === null) return;
    sessions.drain();
    this.#adoption?.stop();
    const outlive = this.#driver?.sandboxesOutliveRunner ?? false;
    const { drainMs } = config;
    logger.info({ sessions: sessions.list().length, drainMs }, 'drain-start');
    if (drainMs !== null && !outlive) sessions.warn(Math.ceil(drainMs / 1000));
    const cut = [this.#stopNow.signal, ...(drainMs === null ? [] : [abortAfter(drainMs)])];
    const bounded = AbortSignal.any(cut);
    await Promise.all([this.#pools?.stop(), sessions.emptied(bounded), this.#oneShots?.emptied(bounded)]);
    if (this.#stopNow.signal.aborted) return;
    logger.info({ sessions: sessions.list().length }, 'drain-done');
    await sessions.stop(outlive);
  }

  async #stopOnce(): Promise<void> {
    this.#stopNow.abort();
    // A start that is cut short still takes back what it has made.
    await this.#starting?.catch(() => undefined);
    this.#keysFile?.close();
    this.#sessions?.drain();
    this.#adoption?.stop();
    const closed = new Promise<void>((resolve) => {
      if (this.#server?.listening === true)
        this.#server.close(() => {
          resolve();
        });
      else resolve();
    });
    await this.#oneShots?.stop();
    await this.#sessions?.stop(this.#driver?.sandboxesOutliveRunner ?? false);
    this.#upgrade?.close();
    this.#server?.closeAllConnections();
    await this.#pools?.stop();
    await closed;
    await this.#driver?.close();
  }
}
