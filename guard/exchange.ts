/**
 * One call from its request to its answer, but for attachments: checked, passed on in the guard's own words, and answered with
 * what the daemon says. Of headers only the type of the content goes back.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { contentLabel } from '../src/language/image-content.js';
import { targetOf, type Call } from './call.js';
import type { CreateCheck } from './create-body.js';
import { wholeAnswer, type DaemonAnswer, type GuardedDaemon } from './daemon.js';
import { forcedFilters } from './list-filters.js';
import type { OwnContainers } from './own-containers.js';
import { Refusal } from './refusal.js';
import { createBody, dropBody } from './request-body.js';

export interface ExchangeParts {
  readonly daemon: GuardedDaemon;
  readonly own: OwnContainers;
  readonly deployment: string;
  readonly check: CreateCheck;
}

/** What the client gives up while it waits for the daemon; of others the daemon has to see the end. */
const abortable: readonly Call['name'][] = ['image', 'info', 'inspect', 'list', 'ping', 'version', 'wait'];

const infoAnswer = z.object({
  Runtimes: z.record(z.string(), z.unknown()).nullish(),
  LiveRestoreEnabled: z.boolean().nullish(),
});
const imageAnswer = z.object({
  Config: z.object({
    Labels: z.record(z.string(), z.string()).nullish(),
    Volumes: z.record(z.string(), z.unknown()).nullish(),
  }),
});
const createAnswer = z.object({ Id: z.string().regex(/^[0-9a-f]{64}$/) });

/** Throws Refusal, as long as nothing was answered. */
export async function exchange(
  call: Call,
  request: IncomingMessage,
  response: ServerResponse,
  parts: ExchangeParts,
): Promise<void> {
  if (call.name === 'create') {
    answer(response, await create(call, await createBody(request), parts));
    return;
  }
  await dropBody(request);
  if ('container' in call) await parts.own.check(call.container);
  const signal = abortable.includes(call.name) ? whenLeft(response) : new AbortController().signal;
  const asked = call.name === 'list' ? { ...call, query: listQuery(call.query, parts.deployment) } : call;
  const said = await parts.daemon.send({ method: request.method ?? '', target: targetOf(asked) }, signal);
  if (call.name === 'info') {
    answer(response, neededInfo(await wholeAnswer(said)));
    return;
  }
  response.writeHead(said.statusCode ?? 0, { 'Content-Type': said.headers['content-type'] ?? 'application/json' });
  // A client waits for these before it starts what it waits for.
  response.flushHeaders();
  await pipeline(said, response);
}

async function create(call: Call, body: string, { daemon, own, check }: ExchangeParts): Promise<DaemonAnswer> {
  const { image, json } = check(body);
  await checkImage(daemon, image);
  return await own.making(async () => {
    const said = await daemon.send({ method: 'POST', target: targetOf(call), json }, new AbortController().signal);
    const created = await wholeAnswer(said);
    if (created.status === 201) own.created(createAnswer.parse(JSON.parse(created.body)).Id);
    return created;
  });
}

/** Its name is right; it is what it says, too, and brings no folder that a container could write to without a bound. */
async function checkImage(daemon: GuardedDaemon, image: string): Promise<void> {
  const { status, body } = await daemon.ask(`/images/${image}/json`);
  if (status === 404) throw new Refusal(404, `No such image: ${image}`);
  if (status !== 200) throw new Refusal(503, `The Docker daemon could not inspect the image (${status}).`);
  const { Labels: labels, Volumes: volumes } = imageAnswer.parse(JSON.parse(body)).Config;
  if (labels?.[contentLabel] === undefined) throw new Refusal(403, 'The image is not that of a language.');
  if (Object.keys(volumes ?? {}).length > 0) throw new Refusal(403, 'The image declares volumes.');
}

function listQuery(query: Call['query'], deployment: string): Record<string, string> {
  return { ...query, filters: forcedFilters(deployment, query.filters) };
}

/** What the runner looks at; the rest of it is about the host. */
function neededInfo({ status, body }: DaemonAnswer): DaemonAnswer {
  if (status !== 200) return { status, body };
  const { Runtimes: runtimes, LiveRestoreEnabled: liveRestore } = infoAnswer.parse(JSON.parse(body));
  const names = Object.keys(runtimes ?? {}).map((name) => [name, {}]);
  const needed = { Runtimes: Object.fromEntries(names) as unknown, LiveRestoreEnabled: liveRestore ?? false };
  return { status, body: JSON.stringify(needed) };
}

function whenLeft(response: ServerResponse): AbortSignal {
  const left = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) left.abort();
  });
  return left.signal;
}

function answer(response: ServerResponse, { status, body }: DaemonAnswer): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}
