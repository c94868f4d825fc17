/** `POST /drain`: an operator takes the replica out of use without hurting its sessions. */
import { z } from 'zod';
import type { AppParts } from '../app-parts.js';
import type { Route } from '../route.js';

const drainSchema = z
  .object({
    'draining?': z.literal(true),
    sessions: z.int().meta({ description: 'Sessions that still live here.' }),
  })
  .meta({ id: 'Drain' });

export function drainRoute({ drain, sessions }: Pick<AppParts, 'drain' | 'sessions'>): Route {
  return {
    method: 'post',
    path: '/drain',
    operationId: 'drain',
    tag: 'Runner',
    summary: 'Refuses new sessions from now on and keeps the others until they end or the deadline; again is harmless.',
    answer: { status: 202, schema: drainSchema },
    handle: (_request, response) => {
      drain();
      response.status(202).json({ 'draining?': true, sessions: sessions.capacity().sessions });
    },
  };
}
