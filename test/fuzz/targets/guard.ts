/**
 * The guard as a runner that was taken over may use it: requests over its socket, with a daemon behind it that watches. Nothing
 * but the few calls about our own sandboxes ever reaches the daemon, and the guard goes on.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Guard } from '../../../guard/guard.js';
import { contentLabel } from '../../../src/language/image-content.js';
import { deploymentLabels } from '../../../src/sandbox/docker/container-labels.js';
import type { Random } from '../../support/random.js';
import { Find, must, type OpenTarget } from '../fuzz-target.js';
import { inPieces } from '../mutate-bytes.js';
import { mutatedJson } from '../mutate-json.js';
import {
  answerHalfClosed,
  exchanged,
  firstAnswer,
  mutatedRequest,
  requestBytes,
  type RawRequest,
} from '../raw-http.js';
import { guardBodies, guardConfig, guardTargets, mustBeSandbox } from './guard-calls.js';

const id = 'f'.repeat(64);
const foreign = '0123456789abcdef'.repeat(4);
const own = deploymentLabels(guardConfig.create.deployment);
/** All that the daemon may be asked, in words of this test. */
const harmless = new RegExp(
  [
    '^(GET|HEAD) (/v1\\.\\d\\d)?/(_ping|version|info)$',
    '^GET (/v1\\.\\d\\d)?/containers/json\\?(all=\\w+&)?filters=[^&]*repl_runner\\.deployment%3Dfuzz[^&]*$',
    '^GET (/v1\\.\\d\\d)?/(containers/[0-9a-f]{64}|images/repl_runner/[a-z][a-z0-9_-]*:latest)/json$',
    '^POST (/v1\\.\\d\\d)?/containers/create\\?name=repl_[0-9a-f-]{36}$',
    `^(POST|DELETE) (/v1\\.\\d\\d)?/containers/${id}(/(start|wait|attach))?(\\?[a-z_=&0-9-]*)?$`,
  ].join('|'),
);
const refusals = [400, 403, 404, 408, 413, 417, 429, 431, 503];
const socketHeaders = [['Host', 'docker']] as const;
const corpus: readonly RawRequest[] = guardTargets.flatMap((target) =>
  ['GET', 'POST', 'DELETE'].flatMap((method): RawRequest[] => {
    const attach: [string, string][] = target.includes('attach')
      ? [
          ['Connection', 'Upgrade'],
          ['Upgrade', 'tcp'],
        ]
      : [];
    const bodies = target.includes('create')
      ? guardBodies.map((body) => Buffer.from(JSON.stringify(body)))
      : [Buffer.alloc(0)];
    const json: [string, string][] = target.includes('create') ? [['Content-Type', 'application/json']] : [];
    const headers = [...socketHeaders, ...attach, ...json];
    return bodies.flatMap((body) =>
      [target, target.replace(foreign, id)].map((each) => ({ method, target: each, headers, body })),
    );
  }),
);

export async function openGuard(): Promise<OpenTarget> {
  const folder = mkdtempSync(join(tmpdir(), 'repl-fuzz-'));
  const problems: string[] = [];
  const daemon = watchingDaemon((problem) => problems.push(problem));
  const daemonPath = join(folder, 'daemon.sock');
  await listening(daemon, daemonPath);
  const guard = new Guard({ daemonPath, create: guardConfig.create, maxSandboxes: 100 }, () => undefined);
  const path = join(folder, 'guard.sock');
  await listening(answerHalfClosed(guard.server), path);
  return {
    play: async (random: Random) => {
      judge(await exchanged({ path }, inPieces(random, made(random))));
      const [problem] = problems.splice(0);
      if (problem !== undefined) throw new Find(problem);
    },
    check: async () => {
      const request = {
        method: 'GET',
        target: `/v1.45/containers/${id}/json`,
        headers: socketHeaders,
        body: Buffer.alloc(0),
      };
      const answer = firstAnswer(await exchanged({ path }, [requestBytes(request)]));
      must(answer?.status === 200, () => `a good call is answered with ${String(answer?.status)}`);
    },
    close: async () => {
      for (const server of [guard.server, daemon]) {
        const closed = once(server, 'close');
        server.close();
        server.closeAllConnections();
        await closed;
      }
      rmSync(folder, { recursive: true });
    },
  };
}

function made(random: Random): Buffer {
  if (random.percent(80)) return mutatedRequest(random, corpus);
  const create = random.pick(corpus.filter(({ method, target }) => method === 'POST' && target.includes('create')));
  return requestBytes({ ...create, body: Buffer.from(mutatedJson(random, guardBodies)) });
}

function judge(all: string): void {
  const answer = firstAnswer(all);
  if (answer === null || answer.status < 400) return;
  const { status, body } = answer;
  must(refusals.includes(status), () => `${status} ${body}`);
  if (body === '') return;
  const { message } = JSON.parse(body) as { message: unknown };
  must(typeof message === 'string', () => `${status} ${body}`);
  must(status !== 503, () => `the guard could not: ${body}`);
}

async function listening(server: Server, path: string): Promise<void> {
  server.listen(path);
  await once(server, 'listening');
}

/** Answers as Docker would for one sandbox of ours, and tells of every request that it should never have got. */
function watchingDaemon(tell: (problem: string) => void): Server {
  const look = (request: IncomingMessage): void => {
    const { method = '', url = '', headers } = request;
    if (!harmless.test(`${method} ${url}`)) tell(`the daemon was asked: ${method} ${url}`);
    const odd = Object.keys(headers).filter(
      (name) => !['host', 'connection', 'content-type', 'content-length', 'upgrade'].includes(name),
    );
    if (odd.length > 0) tell(`the daemon was sent ${odd.join(', ')}`);
  };
  const server = createServer((request, response) => {
    look(request);
    void answer(request, response, tell);
  });
  server.on('upgrade', (request, socket) => {
    look(request);
    socket.on('error', () => undefined).resume();
    socket.end('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nsaid');
  });
  return server;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  tell: (problem: string) => void,
): Promise<void> {
  const { method = '', url = '' } = request;
  const body = await text(request);
  const say = (status: number, value: unknown): void => {
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
  };
  if (method === 'POST' && url.includes('/create')) {
    try {
      mustBeSandbox(body);
    } catch (error) {
      tell(`a container was to be made: ${String(error)} ${body}`);
    }
    say(201, { Id: id });
  } else if (url.includes('/images/')) say(200, { Config: { Labels: { [contentLabel]: 'x' } } });
  else if (url.includes('/containers/json')) say(200, []);
  else if (url.includes(id) && method === 'GET') say(200, { Config: { Labels: own } });
  else if (url.includes('/json')) say(url.includes(foreign) ? 200 : 404, { Config: { Labels: { repl_runner: 'no' } } });
  else if (url.includes('/wait')) say(200, { StatusCode: 0 });
  else if (url.includes('/info')) say(200, { Runtimes: { runc: {} } });
  else response.writeHead(url.includes('_ping') ? 200 : 204).end();
}
