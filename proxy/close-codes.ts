/** The close codes that the proxy uses itself; they are the runner's, which the types hold it to. */
import type { closeCodes as runnerCloseCodes, CloseReason } from '../src/terminal/protocol.js';
import type { proxyErrors } from './proxy-error.js';

type UsedReason = (typeof proxyErrors)[keyof typeof proxyErrors]['close'];

export const closeCodes = {
  unauthorized: 4401,
  forbidden: 4403,
  unknown: 4404,
  gone: 4410,
  not_yet: 1013,
} as const satisfies Pick<typeof runnerCloseCodes, UsedReason & CloseReason>;
