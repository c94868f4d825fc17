/** The calls that tell of the runner itself: probes, languages, metrics. They change nothing. */
import { hostLoad } from '../host-load.js';
import type { AppParts } from '../app-parts.js';
import type { Route } from '../route.js';
import { aliveSchema, languagesSchema, readySchema, shaSchema } from '../schemas.js';

export function probeRoutes({ sessions, languages, config, metrics, sha, runLoad }: AppParts): Route[] {
  return [
    {
      method: 'get',
      path: '/alive',
      operationId: 'alive',
      tag: 'Runner',
      summary: 'Whether the process runs.',
      open: true,
      answer: { status: 200, schema: aliveSchema },
      handle: (_request, response) => {
        response.json({ 'alive?': true });
      },
    },
    {
      method: 'get',
      path: '/ready',
      operationId: 'ready',
      tag: 'Runner',
      summary: 'Whether sessions can be started here (503 when not, with the reason as a code), and how many.',
      open: true,
      answer: { status: 200, schema: readySchema },
      otherAnswer: { status: 503, schema: readySchema, description: 'No session can be started here now.' },
      handle: (_request, response) => {
        const { refusal, sessions: count, maxSessions, pools, serves } = sessions.capacity();
        const warm = Object.fromEntries(Object.entries(pools).map(([language, levels]) => [language, levels.warm]));
        const { replica } = config;
        const { active, waiting, max, waitMs } = runLoad();
        const runs = { active, waiting, max, max_waiting: config.runs.maxWaiting, wait_ms: waitMs };
        const ready = refusal === null;
        const capacity = { sessions: count, max_sessions: maxSessions, warm, load: hostLoad(), runs };
        if (!ready) response.setHeader('Retry-After', '1');
        response.status(ready ? 200 : 503).json({ 'ready?': ready, code: refusal, replica, serves, ...capacity });
      },
    },
    {
      method: 'get',
      path: '/sha',
      operationId: 'sha',
      tag: 'Runner',
      summary: 'The commit that the runner was built from.',
      open: true,
      answer: { status: 200, schema: shaSchema },
      handle: (_request, response) => {
        response.json({ sha });
      },
    },
    {
      method: 'get',
      path: '/languages',
      operationId: 'languages',
      tag: 'Runner',
      summary: 'The languages that can be started.',
      answer: { status: 200, schema: languagesSchema },
      handle: (_request, response) => {
        response.json({ languages });
      },
    },
    {
      method: 'get',
      path: '/metrics',
      operationId: 'metrics',
      tag: 'Runner',
      summary: "Metrics in Prometheus' text format.",
      answer: { status: 200, contentType: 'text/plain' },
      handle: async (_request, response) => {
        const { active, waiting } = runLoad();
        metrics.setRuns(active, waiting);
        measure(sessions, metrics);
        response.setHeader('Content-Type', metrics.contentType);
        response.end(await metrics.text());
      },
    },
  ];
}

/** What is told of only when somebody looks; no session is looked at. */
function measure(sessions: AppParts['sessions'], metrics: AppParts['metrics']): void {
  const { pools, refusal, maxSessions, states } = sessions.capacity();
  for (const state of ['starting', 'running', 'exited'] as const) metrics.setSessions(state, states[state]);
  metrics.setCapacity({ ready: refusal === null, maxSessions });
  for (const [language, levels] of Object.entries(pools)) metrics.setPool(language, levels);
}
