/** Every target, in the order in which they are fuzzed. What one needs is loaded when it is its turn. */
import type { FuzzTarget } from '../fuzz-target.js';

export const everyTarget: readonly FuzzTarget[] = [
  {
    name: 'archives',
    about: 'uploads as tar and gzip',
    short: 3_000,
    open: async () => (await import('./archives.js')).openArchives(),
  },
  {
    name: 'manifests',
    about: 'manifests of languages',
    short: 3_000,
    open: async () => (await import('./manifests.js')).openManifests(),
  },
  {
    name: 'settings',
    about: 'settings of runner, guard and proxy, files of keys',
    short: 3_000,
    open: async () => (await import('./settings.js')).openSettings(),
  },
  {
    name: 'egress-names',
    about: 'the way out: names, addresses, targets, entries of the allow-list',
    short: 100_000,
    open: async () => (await import('./egress-names.js')).openEgressNames(),
  },
  {
    name: 'client-hello',
    about: 'the way out: the first message of TLS clients',
    short: 10_000,
    open: async () => (await import('./client-hello.js')).openClientHello(),
  },
  {
    name: 'guard-calls',
    about: "the guard's parsers of requests, filters and creations",
    short: 5_000,
    open: async () => (await import('./guard-calls.js')).openGuardCalls(),
  },
  {
    name: 'hostile-agent',
    about: "the runner's half of the agent protocol: sessions whose agent answers and speaks as it should not",
    short: 1_000,
    open: async () => (await import('./hostile-agent.js')).openHostileAgent(),
  },
  {
    name: 'http',
    about: 'every call of the API: methods, paths, headers, bodies',
    short: 1_000,
    open: async () => (await import('./http.js')).openHttp(),
  },
  {
    name: 'websockets',
    about: 'upgrades to terminals, frames and control messages',
    short: 1_000,
    open: async () => (await import('./websockets.js')).openWebsockets(),
  },
  {
    name: 'sandbox-reports',
    about: 'listings, reports of evaluations and tagged values that come out of a sandbox',
    short: 5_000,
    open: async () => (await import('./sandbox-reports.js')).openSandboxReports(),
  },
  {
    name: 'guard',
    about: 'the guard with a daemon that watches: requests of a runner that was taken over',
    short: 1_500,
    open: async () => (await import('./guard.js')).openGuard(),
  },
  {
    name: 'egress-proxy',
    about: 'the proxy of a session with servers that watch: requests and TLS of its programs',
    short: 500,
    open: async () => (await import('./egress-proxy.js')).openEgressProxy(),
  },
  {
    name: 'agent',
    about: "the agent's half of the protocol: a real agent and a runner that sends what it should not",
    short: 100,
    open: async () => (await import('./agent.js')).openAgent(),
  },
];
