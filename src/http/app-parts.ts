/** What the HTTP layer is given by the composition root. */
import type { Config } from '../config.js';
import type { RunLoad } from '../execution/one-shots.js';
import type { OnceRequest, OnceResult } from '../execution/run-once.js';
import type { Evaluator } from '../execution/evaluate/evaluator.js';
import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';
import type { ApiKeys } from './api-keys.js';
import type { SessionSet } from './session-set.js';

export interface AppParts {
  readonly sessions: SessionSet;
  readonly evaluator: Pick<Evaluator, 'once' | 'within'>;
  /** The languages that can be started. */
  readonly languages: readonly { readonly name: string; readonly title: string; readonly version: string }[];
  readonly config: Pick<
    Config,
    'replica' | 'allowedOrigins' | 'maxLimits' | 'maxBodyBytes' | 'workspaceBounds' | 'runs' | 'egress'
  >;
  /** Who may call. */
  readonly keys: ApiKeys;
  /** Begins to drain the replica; once is enough. */
  readonly drain: () => void;
  /** Runs in sandboxes of their own, and how many there are of them. */
  readonly runOnce: (request: OnceRequest, signal: AbortSignal) => Promise<OnceResult>;
  readonly runLoad: () => RunLoad;
  readonly metrics: Pick<
    Metrics,
    | 'contentType'
    | 'text'
    | 'countRefusal'
    | 'observeStart'
    | 'setCapacity'
    | 'setSessions'
    | 'setPool'
    | 'countRun'
    | 'observeRunWait'
    | 'setRuns'
    | 'observeRequest'
  >;
  readonly logger: Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;
  /** The commit that this build was made from. */
  readonly sha: string;
  /** What a browser finds at `/` while no API token is set; absent, or where there is a token, nothing. */
  readonly pageFolder?: string;
  /** The page at `/docs`; absent, there is none. */
  readonly docsFolder?: string;
}
