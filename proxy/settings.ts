/**
 * Every setting of the standalone proxy: the one table of names, defaults, bounds and meanings. The table in
 * docs/configuration.md is tested against it.
 */
import { z } from 'zod';

export const prefix = 'REPL_PROXY_';

interface Setting<T> {
  /** What the variable would have to say to mean the default; '' means unset. */
  readonly fallback: string;
  /** As it completes "allowed: …". */
  readonly allowed: string;
  readonly meaning: string;
  readonly schema: z.ZodType<T, string>;
  /** True when no error may repeat the value. */
  readonly secret?: boolean;
}

function setting<T>(described: Setting<T>): Setting<T> {
  return described;
}

function wholeNumber({ min, max }: { min: number; max: number }, fallback: string, meaning: string): Setting<number> {
  const schema = z.string().regex(/^\d+$/).transform(Number).pipe(z.number().min(min).max(max));
  return { fallback, meaning, allowed: `a whole number from ${min} to ${max}`, schema };
}

const address = String.raw`https?:\/\/[A-Za-z0-9.\-_[\]:]+`;
const replicas = new RegExp(String.raw`^(dns\+http:\/\/[A-Za-z0-9.\-_]+:\d{1,5}|${address}(\s*,\s*${address})*)$`);
const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

export const settings = {
  HOST: setting({
    fallback: '127.0.0.1',
    meaning: 'the address to listen on',
    allowed: 'an address or a host name',
    schema: z.string().regex(/^[A-Za-z0-9.:_-]{1,253}$/),
  }),
  PORT: wholeNumber({ min: 0, max: 65_535 }, '4658', 'the port to listen on; 0 takes any free one'),
  REPLICAS: setting({
    fallback: 'http://127.0.0.1:4657',
    meaning: 'the runners: their addresses, or one DNS name that resolves to all of them',
    allowed: 'addresses like http://runner-1:4657 with commas between, or dns+http://runner:4657',
    schema: z.string().regex(replicas),
  }),
  API_TOKEN: setting<string | null>({
    fallback: '',
    meaning: "the runners' `REPL_RUNNER_API_TOKEN`",
    allowed: '16 to 1024 printable ASCII characters without spaces',
    secret: true,
    schema: z.union([z.literal('').transform(() => null), z.string().regex(/^[\x21-\x7e]{16,1024}$/)]),
  }),
  BODY_MAX_MIB: wholeNumber({ min: 1, max: 1024 }, '16', 'size of the body of `POST /repl`'),
  AWAY_SECONDS: wholeNumber(
    { min: 1, max: 86_400 },
    '60',
    'after how long without its replica a session counts as gone',
  ),
  ANSWER_TIMEOUT_SECONDS: wholeNumber({ min: 1, max: 86_400 }, '120', 'how long a replica may be silent during a call'),
  LOG_LEVEL: setting({
    fallback: 'info',
    meaning: 'the least serious log lines that are written',
    allowed: `one of ${levels.join(', ')}`,
    schema: z.enum(levels),
  }),
} as const;
