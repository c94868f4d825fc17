/*
 * The architecture as rules: which module may know which, and through which one door each package comes in. They hold for
 * what exists at run time; a type alone may be known to a neighbour (dependency type `type-only`).
 */

/** Everything that is above a module in `main → service → {http, terminal} → session → {pool, execution} → sandbox → agent`. */
const layers = [
  ['main'],
  ['service', 'observer', 'welcome'],
  ['http'],
  ['session', 'terminal'],
  ['pool', 'execution', 'config', 'workspace', 'egress'],
  ['sandbox'],
  ['agent'],
  ['language'],
  ['abort-after', 'errors', 'ids', 'listen', 'logger', 'metrics', 'open-files', 'token-bucket', 'within'],
];

const folderOrFile = (names) => `^src/(${names.join('|')})(/|\\.ts$)`;

const direction = layers.slice(1).map((layer, index) => ({
  name: `direction-${layer.join('-')}`,
  comment: 'A module knows only what is below it.',
  severity: 'error',
  from: { path: folderOrFile(layer) },
  to: { path: folderOrFile(layers.slice(0, index + 1).flat()), dependencyTypesNot: ['type-only'] },
}));

const door = (name, packages, allowed) => ({
  name: `door-${name}`,
  comment: `Only ${allowed} may use it.`,
  severity: 'error',
  from: { path: '^(src|client|proxy|guard|examples)/', pathNot: allowed },
  to: { path: packages },
});

const npmPackage = (name) => `node_modules/(@types/)?${name}(/|$)`;

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'nothing-lies-about',
      comment: 'A module that nobody imports.',
      severity: 'error',
      // Entries, and what only scripts/*.mjs load.
      from: {
        orphan: true,
        pathNot:
          '^(src/main|proxy/main|guard/main|examples/web/server|src/sandbox/docker/image-builder|client/command-line/command-line|client/attach-token|client/browser/css\\.d|client/browser/api-docs/api-docs)\\.ts$',
      },
      to: {},
    },
    ...direction,
    {
      name: 'drivers-are-known-to-the-service-alone',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(service\\.ts|sandbox/(docker|bubblewrap)/)' },
      to: { path: '^src/sandbox/(docker|bubblewrap)/' },
    },
    {
      name: 'drivers-do-not-know-each-other',
      severity: 'error',
      from: { path: '^src/sandbox/(docker|bubblewrap)/' },
      to: { path: '^src/sandbox/(docker|bubblewrap)/', pathNot: '^src/sandbox/$1/' },
    },
    {
      name: 'client-knows-types-only',
      severity: 'error',
      from: { path: '^client/' },
      to: { path: '^src/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'client-needs-the-platform-only',
      comment: 'What a browser loads; the command line and the component build on it.',
      severity: 'error',
      from: { path: '^client/[^/]+\\.ts$' },
      to: { pathNot: '^client/[^/]+\\.ts$' },
    },
    {
      name: 'the-runner-does-not-know-its-client',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^client/' },
    },
    {
      name: 'proxy-knows-types-only',
      comment:
        'But for pure files: one that counts starts, for clients here and for API keys there, how settings are read, how a port is listened on, how a body is read away.',
      severity: 'error',
      from: { path: '^proxy/' },
      to: {
        path: '^(src|client)/',
        pathNot:
          '^src/(drain-body|listen|token-bucket|config/(config-error|read-settings|setting|shared-settings))\\.ts$',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'runner-and-client-do-not-know-the-proxy',
      severity: 'error',
      from: { path: '^(src|client)/' },
      to: { path: '^proxy/' },
    },
    {
      name: 'guard-knows-little',
      comment: 'It checks what the runner asks for; of the runner it shares names and pure files alone.',
      severity: 'error',
      from: { path: '^guard/' },
      to: {
        path: '^(src|client|proxy|examples)/',
        pathNot:
          '^src/(config/(config-error|read-settings|setting|shared-settings)|listen|token-bucket|agent/command|language/image-content|sandbox/docker/container-labels|sandbox/seccomp/seccomp-profile)\\.ts$',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'nobody-knows-the-guard',
      severity: 'error',
      from: { path: '^(src|client|proxy|examples)/' },
      to: { path: '^guard/' },
    },
    {
      name: 'examples-know-types-of-the-client-only',
      comment: 'A page loads the built component; what it imports here is checked, not bundled.',
      severity: 'error',
      from: { path: '^examples/web/page/' },
      to: { path: '^(src|client|proxy)/', dependencyTypesNot: ['type-only'] },
    },
    door('http-proxy-3', npmPackage('http-proxy-3'), '^proxy/forwarder\\.ts'),
    door('dockerode', npmPackage('dockerode'), '^src/sandbox/docker/'),
    door('child-process', '^(node:)?child_process$', '^(src/sandbox/bubblewrap|client/command-line)/'),
    door('ws', npmPackage('ws'), '^(src/terminal/upgrade\\.ts|proxy/refuse-upgrade\\.ts|client/command-line/)'),
    door('express', npmPackage('express'), '^(src/http/|examples/web/server\\.ts)'),
    door('xterm', npmPackage('@xterm/[a-z-]+'), '^client/browser/'),
    door('codemirror', npmPackage('@codemirror/[a-z-]+'), '^examples/web/page/(code-editor|editor-style)\\.ts'),
    door('busboy', npmPackage('@fastify/busboy'), '^src/http/multipart\\.ts'),
    door('tar-stream', npmPackage('tar-stream'), '^(src/workspace|client/command-line)/'),
    door('prom-client', npmPackage('prom-client'), '^(src|proxy|guard)/metrics\\.ts'),
    door('pino', npmPackage('pino'), '^(src/logger|(proxy|guard)/event-log)\\.ts'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
