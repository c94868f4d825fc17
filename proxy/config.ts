/**
 * Turns environment variables `REPL_PROXY_*` into the frozen settings of the standalone proxy. All problems are reported
 * together; unknown names are refused. It never reads `process.env` by itself.
 */
import type { z } from 'zod';
import type { ReplicaSource } from './replicas.js';
import { prefix, settings } from './settings.js';

type Values = { readonly [Name in keyof typeof settings]: z.output<(typeof settings)[Name]['schema']> };

export interface ProxyConfig {
  readonly host: string;
  readonly port: number;
  readonly replicas: ReplicaSource;
  readonly apiToken: string | null;
  readonly maxBodyBytes: number;
  readonly awayMs: number;
  readonly answerTimeoutMs: number;
  readonly logLevel: Values['LOG_LEVEL'];
}

/** The settings cannot be used; the message lists every problem. */
export class ProxyConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(['The settings cannot be used:', ...problems.map((problem) => `  - ${problem}`)].join('\n'));
    this.name = 'ProxyConfigError';
    this.problems = problems;
  }
}

/** Throws ProxyConfigError that names every problem at once. */
export function parseProxyConfig(env: Readonly<Record<string, string | undefined>>): ProxyConfig {
  const known = Object.keys(settings).map((name) => `${prefix}${name}`);
  const problems = Object.keys(env)
    .filter((name) => name.startsWith(prefix) && !known.includes(name))
    .map((name) => `${name} is not a setting; there are ${known.join(', ')}`);
  const values = readSettings(env, problems);
  if (problems.length > 0) throw new ProxyConfigError(problems);
  return Object.freeze({
    host: values.HOST,
    port: values.PORT,
    replicas: sourceOf(values.REPLICAS),
    apiToken: values.API_TOKEN,
    maxBodyBytes: values.BODY_MAX_MIB * 1024 * 1024,
    awayMs: values.AWAY_SECONDS * 1000,
    answerTimeoutMs: values.ANSWER_TIMEOUT_SECONDS * 1000,
    logLevel: values.LOG_LEVEL,
  });
}

function readSettings(env: Readonly<Record<string, string | undefined>>, problems: string[]): Values {
  const entries = Object.entries(settings).map(([name, { fallback, allowed, schema, secret = false }]) => {
    const given = env[`${prefix}${name}`]?.trim() ?? '';
    const read = schema.safeParse(given === '' ? fallback : given);
    if (read.success) return [name, read.data];
    const value = secret ? 'has a value that' : `is "${given.slice(0, 100)}", which`;
    problems.push(`${prefix}${name} ${value} is not allowed; allowed: ${allowed}`);
    return [name, schema.parse(fallback)];
  });
  // Object.fromEntries forgets which name has which type; every name of the table is there with its own schema's type.
  return Object.fromEntries(entries) as Values;
}

function sourceOf(text: string): ReplicaSource {
  if (text.startsWith('dns+')) return { dns: text.slice('dns+'.length) };
  return text.split(',').map((url) => url.trim());
}
