/** The variables of every program in a session with a way out: where its proxy is, and how pip gets and keeps packages. Pure. */
import { shownEntry, type EgressEntry } from './allow-list.js';

/** Of the proxy, on the sandbox's loopback. */
export const proxyPort = 3128;
const proxy = `http://127.0.0.1:${proxyPort}`;
/** Servers in the sandbox itself. */
const direct = 'localhost,127.0.0.1,::1';

/** Where pip takes packages from; one of the names and ports that may be reached. */
export interface PipIndex {
  readonly url: string;
  readonly name: string;
  readonly port: number;
  /** Whether it is spoken to without TLS. */
  readonly plain: boolean;
}

export function egressEnvironment(entries: readonly EgressEntry[], index: PipIndex | null): Record<string, string> {
  return {
    ...{ HTTP_PROXY: proxy, HTTPS_PROXY: proxy, NO_PROXY: direct },
    ...{ http_proxy: proxy, https_proxy: proxy, no_proxy: direct },
    // The image is read-only: what is installed lies in the workspace, and so in its quota, and goes along with a fork.
    PYTHONUSERBASE: '/sandbox/.local',
    // Debian guards its own packages, which nobody here can touch.
    PIP_BREAK_SYSTEM_PACKAGES: '1',
    PIP_NO_CACHE_DIR: '1',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    ...(index !== null && mayReach(entries, index) ? indexVariables(index) : {}),
  };
}

function mayReach(entries: readonly EgressEntry[], index: PipIndex): boolean {
  return entries.some(({ name, port }) => name === index.name && port === index.port);
}

function indexVariables(index: PipIndex): Record<string, string> {
  return { PIP_INDEX_URL: index.url, ...(index.plain ? { PIP_TRUSTED_HOST: shownEntry(index) } : {}) };
}
