/**
 * Every setting of the standalone proxy: the one table of names, defaults, bounds and meanings. The table in
 * docs/configuration.md is tested against it.
 */
import { z } from 'zod';
import { choice, optional, setting, wholeNumber } from '../src/config/setting.js';
import { apiToken, host, logLevel, port } from '../src/config/shared-settings.js';

export const prefix = 'REPL_PROXY_';

const address = String.raw`https?:\/\/[A-Za-z0-9.\-_[\]:]+`;
const replicas = new RegExp(String.raw`^(dns\+http:\/\/[A-Za-z0-9.\-_]+:\d{1,5}|${address}(\s*,\s*${address})*)$`);

export const settings = {
  HOST: host({ fallback: '127.0.0.1', meaning: 'the address to listen on' }),
  PORT: port({ fallback: '4658', meaning: 'the port to listen on; 0 takes any free one' }),
  REPLICAS: setting(
    {
      fallback: 'http://127.0.0.1:4657',
      meaning: 'the runners: their addresses, or one DNS name that resolves to all of them',
      allowed: 'addresses like http://runner-1:4657 with commas between, or dns+http://runner:4657',
    },
    z.string().regex(replicas),
  ),
  API_TOKEN: apiToken("the runners' `REPL_RUNNER_API_TOKEN`"),
  TRUSTED_HOPS: wholeNumber(
    { min: 0, max: 10 },
    { fallback: '0', meaning: 'how many proxies in front of this one add to `X-Forwarded-For` and are believed' },
  ),
  CLIENT_STARTS_PER_MINUTE: optional(
    wholeNumber(
      { min: 1, max: 100_000 },
      { fallback: '', meaning: 'sessions that one client may start in the long run' },
    ),
  ),
  CLIENT_STARTS_BURST: wholeNumber(
    { min: 1, max: 100_000 },
    { fallback: '30', meaning: 'sessions that one client may start at once, where the long run is limited' },
  ),
  CLIENT_MAX_SESSIONS: optional(
    wholeNumber({ min: 1, max: 1000 }, { fallback: '', meaning: 'sessions of one client at the same time' }),
  ),
  EGRESS: choice(['refuse', 'allow'], {
    fallback: 'refuse',
    meaning: 'whether clients may ask for a way out, see docs/egress.md',
  }),
  BODY_MAX_MIB: wholeNumber({ min: 1, max: 1024 }, { fallback: '16', meaning: 'size of the body of `POST /repl`' }),
  AWAY_SECONDS: wholeNumber(
    { min: 1, max: 86_400 },
    { fallback: '60', meaning: 'after how long without its replica a session counts as gone' },
  ),
  ANSWER_TIMEOUT_SECONDS: wholeNumber(
    { min: 1, max: 86_400 },
    { fallback: '120', meaning: 'how long a replica may be silent during a call' },
  ),
  METRICS_HOST: host({
    fallback: '127.0.0.1',
    meaning: 'the address at which `GET /metrics` is served; keep it out of the reach of browsers',
  }),
  METRICS_PORT: optional(port({ fallback: '', meaning: 'the port of that; unset, there is none' })),
  LOG_LEVEL: logLevel,
} as const;
