/**
 * Every call of the API over real connections, its methods, paths, headers and bodies changed. Each is answered in the words of
 * the API or, where it is no HTTP, by Node's parser; and the service serves the next client.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from '../../../src/http/app.js';
import { errorCodes } from '../../../src/errors.js';
import { apiExamples, type ApiExample } from '../../support/api-examples.js';
import { testParts } from '../../support/test-app.js';
import type { Random } from '../../support/random.js';
import { Find, must, type OpenTarget } from '../fuzz-target.js';
import { inPieces } from '../mutate-bytes.js';
import {
  answerHalfClosed,
  parserStatuses,
  exchanged,
  firstAnswer,
  mutatedRequest,
  requestBytes,
  type RawRequest,
} from '../raw-http.js';

type Documented = Record<string, Record<string, { operationId?: string }>>;

const sessionName = 'live-session';
const host = ['Host', 'runner.example'] as const;

export async function openHttp(): Promise<OpenTarget> {
  const { parts, sessions, log, once: runs } = testParts();
  const server = answerHalfClosed(createServer(createApp(parts))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const address = { port, host: '127.0.0.1' };
  const corpus = await everyCall(address);
  let id = '';
  const renew = async (): Promise<void> => {
    sessions.refusal = null;
    for (const kept of [sessions.all, sessions.requests, sessions.signals, runs]) kept.length = 0;
    const { size, ...request } = {
      language: 'python',
      entries: [],
      startup: null,
      env: {},
      limits: {},
      size: { cols: 80, rows: 24 },
    };
    const session = await sessions.start({ ...request, size }, new AbortController().signal);
    await session.workspace.write('hiker.py', Buffer.from('answer = 42\n'), null);
    id = session.id;
  };
  await renew();
  return {
    play: async (random: Random) => {
      const bytes = Buffer.from(
        mutatedRequest(random, corpus).toString('latin1').replaceAll(sessionName, id),
        'latin1',
      );
      judge(await exchanged(address, inPieces(random, bytes)));
    },
    check: async () => {
      const errors = log.filter((line) => line.includes('request-failed'));
      log.length = 0;
      if (errors.length > 0) throw new Find(`the log has an error: ${String(errors[0])}`);
      await renew();
      const request = { method: 'GET', target: `/repl/${id}`, headers: [host], body: Buffer.alloc(0) };
      const answer = firstAnswer(await exchanged(address, [requestBytes(request)]));
      must(answer?.status === 200, () => `a good request is answered with ${String(answer?.status)}`);
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}

function judge(all: string): void {
  const answer = firstAnswer(all);
  if (answer === null || answer.status < 400) return;
  const { status, head, body } = answer;
  // A HEAD is answered without the body.
  if (body === '') {
    const ours = /^x-request-id: /im.test(head);
    must(ours ? status !== 500 : parserStatuses.includes(status), () => `${status} ${head}`);
    return;
  }
  const { error, ...rest } = JSON.parse(body) as { error?: { code: keyof typeof errorCodes } };
  // A replica that drains says so to those who ask whether it is ready.
  if (error === undefined && 'ready?' in rest) return;
  if (error === undefined) throw new Find(`${status} ${body}`);
  const known = Object.hasOwn(errorCodes, error.code) ? errorCodes[error.code].status : null;
  must(error.code !== 'internal' && known === status, () => `${status} ${body}`);
}

/** A good request for each example of each operation in the document that the service gives of itself. */
async function everyCall(address: { port: number; host: string }): Promise<RawRequest[]> {
  const response = await fetch(`http://${address.host}:${address.port}/openapi.json`);
  const { paths } = (await response.json()) as { paths: Documented };
  const calls: RawRequest[] = [];
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, { operationId = '' }] of Object.entries(methods)) {
      for (const example of apiExamples[operationId] ?? [])
        calls.push(await callOf(method.toUpperCase(), path, example));
    }
  }
  return calls;
}

async function callOf(method: string, path: string, example: ApiExample): Promise<RawRequest> {
  const filled = path
    .replace('{id}', sessionName)
    .replace(/\{(\w+)\}/g, (_, name: string) => example.path?.[name] ?? 'a');
  const query = new URLSearchParams(example.query).toString();
  const { body, type } = await bodyOf(example);
  const typed: [string, string][] = type === null ? [] : [['Content-Type', type]];
  const headers: [string, string][] = [['Host', 'runner.example'], ...Object.entries(example.headers ?? {}), ...typed];
  return { method, target: query === '' ? filled : `${filled}?${query}`, headers, body };
}

async function bodyOf({ body, type }: ApiExample): Promise<{ body: Buffer; type: string | null }> {
  if (body === undefined) return { body: Buffer.alloc(0), type: null };
  if (Buffer.isBuffer(body)) return { body, type: type ?? null };
  if (!(body instanceof FormData)) return { body: Buffer.from(JSON.stringify(body)), type: 'application/json' };
  // Its boundary is another one in each run.
  const form = new Response(body);
  const given = form.headers.get('Content-Type') ?? '';
  const boundary = given.split('boundary=')[1] ?? '';
  const text = Buffer.from(await form.arrayBuffer()).toString('latin1');
  return {
    body: Buffer.from(text.replaceAll(boundary, 'boundary'), 'latin1'),
    type: 'multipart/form-data; boundary=boundary',
  };
}
