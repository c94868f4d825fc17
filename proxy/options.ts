/** What a host app can say to the proxy, checked once. Bounds that it leaves out are right for most. */
import type { Authorize } from './authorize.js';
import type { ClientLimitRules } from './client-limits.js';
import type { ProxyErrorCode } from './proxy-error.js';
import type { ReplicaSource } from './replicas.js';

/** What an operator may want to know of one request; its `session` is an id that is masked. */
export type ProxyEvent = ProxyDone | ProxyFailure;

interface Told {
  readonly requestId: string;
  readonly session?: string;
}

/** A replica has answered, or the client went away before; an attachment is done once its terminal is open. */
export interface ProxyDone extends Told {
  readonly name: 'start-done' | 'call-done' | 'attach-done' | 'detach-done';
  readonly status?: number | 'aborted';
  readonly ms: number;
}

/** The proxy has refused. */
export interface ProxyFailure extends Told {
  readonly name: 'start-failed' | 'call-failed' | 'attach-failed';
  readonly code: ProxyErrorCode;
  readonly cause: unknown;
}

export interface ReplProxyOptions {
  /**
   * The runners: addresses such as `http://runner-1:4657`, or `{dns: 'http://runner:4657'}` whose host name resolves to all
   * of them and is looked up again and again.
   */
  readonly replicas: ReplicaSource;
  /** The runners' `REPL_RUNNER_API_TOKEN` or one of their keys; asked for at each call where it is a function. */
  readonly apiToken?: string | (() => string) | undefined;
  /** Who may do what. Without it, whoever reaches the proxy may start sessions, and whoever knows an id may use it. */
  readonly authorize?: Authorize | undefined;
  /** What one client may have; absent, as much as the runners have. */
  readonly clientLimits?: Partial<ClientLimitRules> | undefined;
  /**
   * How many proxies in front add to X-Forwarded-For, and are believed, where a client is known by its address. 0, when
   * absent: the address is that of the connection.
   */
  readonly trustedHops?: number | undefined;
  readonly onEvent?: ((event: ProxyEvent) => void) | undefined;
  readonly bounds?: Partial<ProxyBounds> | undefined;
}

export const defaultClientLimits: ClientLimitRules = Object.freeze({
  startsPerMinute: null,
  startsBurst: 30,
  maxSessions: null,
});

/** All in ms, or in bytes. */
export interface ProxyBounds {
  /** Between two looks at a replica. */
  readonly pollMs: number;
  readonly probeTimeoutMs: number;
  /** After this long without its replica a session counts as gone. */
  readonly awayMs: number;
  readonly connectTimeoutMs: number;
  readonly authorizeTimeoutMs: number;
  readonly upgradeTimeoutMs: number;
  readonly closeGraceMs: number;
  /** How long a replica may be silent during a call. */
  readonly answerTimeoutMs: number;
  /** For a whole start. */
  readonly startTimeoutMs: number;
  readonly maxBodyBytes: number;
  readonly maxHeldBytes: number;
}

const mib = 1024 * 1024;

export const defaultBounds: ProxyBounds = Object.freeze({
  pollMs: 1_000,
  probeTimeoutMs: 2_000,
  awayMs: 60_000,
  connectTimeoutMs: 3_000,
  authorizeTimeoutMs: 10_000,
  upgradeTimeoutMs: 10_000,
  closeGraceMs: 5_000,
  answerTimeoutMs: 120_000,
  startTimeoutMs: 60_000,
  // As much as a runner takes by default.
  maxBodyBytes: 16 * mib,
  maxHeldBytes: 512 * mib,
});

/** Throws TypeError for an address that cannot be one of a runner. */
export function checkReplicas(source: ReplicaSource): void {
  const urls = 'dns' in source ? [source.dns] : source;
  if (urls.length === 0) throw new TypeError('The proxy needs at least one replica.');
  for (const text of urls) {
    const url = URL.canParse(text) ? new URL(text) : null;
    const isOrigin = url !== null && url.pathname === '/' && url.search === '' && url.username === '';
    if (!isOrigin || !/^https?:$/.test(url.protocol)) {
      throw new TypeError(`"${text}" is no address of a replica; one looks like http://runner:4657`);
    }
    if ('dns' in source && url.protocol !== 'http:')
      throw new TypeError('Replicas behind a DNS name speak plain http.');
  }
}
