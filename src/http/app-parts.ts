/** What the HTTP layer is given by the composition root. */
import type { Config } from '../config.js';
import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';
import type { SessionSet } from './session-set.js';

export interface AppParts {
  readonly sessions: SessionSet;
  /** The languages that can be started. */
  readonly languages: readonly { readonly name: string; readonly title: string; readonly version: string }[];
  readonly config: Pick<
    Config,
    'replica' | 'apiToken' | 'allowedOrigins' | 'maxLimits' | 'maxBodyBytes' | 'workspaceBounds'
  >;
  readonly metrics: Pick<Metrics, 'contentType' | 'text' | 'countRefusal' | 'observeStart' | 'setSessions' | 'setPool'>;
  readonly logger: Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;
  /** The commit that this build was made from. */
  readonly sha: string;
  /** What a browser finds at `/` while no API token is set; absent, or where there is a token, nothing. */
  readonly pageFolder?: string;
}
