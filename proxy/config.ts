/**
 * Turns environment variables `REPL_PROXY_*` into the frozen settings of the standalone proxy. All problems are reported
 * together; unknown names are refused. It never reads `process.env` by itself.
 */
import { ConfigError } from '../src/config/config-error.js';
import { readSettings, type Environment, type ValuesOf } from '../src/config/read-settings.js';
import type { ClientLimitRules } from './client-limits.js';
import type { ReplicaSource } from './replicas.js';
import { prefix, settings } from './settings.js';

type Values = ValuesOf<typeof settings>;

export interface ProxyConfig {
  readonly host: string;
  readonly port: number;
  readonly replicas: ReplicaSource;
  readonly apiToken: string | null;
  readonly trustedHops: number;
  readonly clientLimits: ClientLimitRules;
  /** Whether clients may ask for a way out. */
  readonly egress: boolean;
  readonly maxBodyBytes: number;
  readonly awayMs: number;
  readonly answerTimeoutMs: number;
  /** Null where no metrics are served. */
  readonly metrics: { readonly host: string; readonly port: number } | null;
  readonly logLevel: Values['LOG_LEVEL'];
}

/** Throws ConfigError that names every problem at once. */
export function parseProxyConfig(env: Environment): ProxyConfig {
  const { values, problems } = readSettings(env, { prefix, settings });
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze({
    host: values.HOST,
    port: values.PORT,
    replicas: sourceOf(values.REPLICAS),
    apiToken: values.API_TOKEN,
    trustedHops: values.TRUSTED_HOPS,
    clientLimits: Object.freeze({
      startsPerMinute: values.CLIENT_STARTS_PER_MINUTE,
      startsBurst: values.CLIENT_STARTS_BURST,
      maxSessions: values.CLIENT_MAX_SESSIONS,
    }),
    egress: values.EGRESS === 'allow',
    maxBodyBytes: values.BODY_MAX_MIB * 1024 * 1024,
    awayMs: values.AWAY_SECONDS * 1000,
    answerTimeoutMs: values.ANSWER_TIMEOUT_SECONDS * 1000,
    metrics: values.METRICS_PORT === null ? null : { host: values.METRICS_HOST, port: values.METRICS_PORT },
    logLevel: values.LOG_LEVEL,
  });
}

function sourceOf(text: string): ReplicaSource {
  if (text.startsWith('dns+')) return { dns: text.slice('dns+'.length) };
  return text.split(',').map((url) => url.trim());
}
