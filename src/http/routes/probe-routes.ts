/** The calls that tell of the runner itself: probes, languages, metrics. They change nothing. */
import { z } from 'zod';
import type { AppParts } from '../app-parts.js';
import type { Route } from '../route.js';
import { languagesSchema, readySchema } from '../schemas.js';

export function probeRoutes({ sessions, languages, config, metrics, sha }: AppParts): Route[] {
  return [
    {
      method: 'get',
      path: '/alive',
      summary: 'Whether the process runs.',
      open: true,
      answer: { status: 200, schema: z.object({ 'alive?': z.literal(true) }) },
      handle: (_request, response) => {
        response.json({ 'alive?': true });
      },
    },
    {
      method: 'get',
      path: '/ready',
      summary: 'Whether sessions can be started here (503 when not), and how many.',
      open: true,
      answer: { status: 200, schema: readySchema },
      handle: (_request, response) => {
        const { ready, sessions: count, maxSessions, pools, serves } = sessions.capacity();
        const warm = Object.fromEntries(Object.entries(pools).map(([language, levels]) => [language, levels.warm]));
        const { replica } = config;
        if (!ready) response.setHeader('Retry-After', '1');
        response
          .status(ready ? 200 : 503)
          .json({ 'ready?': ready, replica, serves, sessions: count, max_sessions: maxSessions, warm });
      },
    },
    {
      method: 'get',
      path: '/sha',
      summary: 'The commit that the runner was built from.',
      open: true,
      answer: { status: 200, schema: z.object({ sha: z.string() }) },
      handle: (_request, response) => {
        response.json({ sha });
      },
    },
    {
      method: 'get',
      path: '/languages',
      summary: 'The languages that can be started.',
      answer: { status: 200, schema: languagesSchema },
      handle: (_request, response) => {
        response.json({ languages });
      },
    },
    {
      method: 'get',
      path: '/metrics',
      summary: "Metrics in Prometheus' text format.",
      answer: { status: 200, contentType: 'text/plain' },
      handle: async (_request, response) => {
        const states = sessions.list().map(({ state }) => state);
        for (const state of ['starting', 'running', 'exited'] as const) {
          metrics.setSessions(state, states.filter((other) => other === state).length);
        }
        for (const [language, levels] of Object.entries(sessions.capacity().pools)) metrics.setPool(language, levels);
        response.setHeader('Content-Type', metrics.contentType);
        response.end(await metrics.text());
      },
    },
  ];
}
