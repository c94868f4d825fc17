/**
 * The way out of a session as its programs may use it: requests to the proxy over channels, with servers behind it that watch.
 * Nothing but what was asked for by name reaches one, each connection comes to an end, and none is left.
 */
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { connect } from 'node:tls';
import { frameTypes } from '../../../src/agent/frame.js';
import { ClientHelloReader } from '../../../src/egress/client-hello.js';
import { refusals } from '../../../src/egress/egress-refusal.js';
import type { AgentDouble } from '../../doubles/agent-double.js';
import { DoubleSessions, settings, type DoubleSession } from '../../doubles/double-sessions.js';
import { streamPair } from '../../doubles/stream-pair.js';
import { untilEqual } from '../../support/until-equal.js';
import type { Random } from '../../support/random.js';
import { Find, must, type OpenTarget } from '../fuzz-target.js';
import { inPieces, mutatedBytes } from '../mutate-bytes.js';
import { mutatedRequest, requestBytes, type RawRequest } from '../raw-http.js';
import { WatchedWayOut } from '../watched-way-out.js';

const firstChannel = 0x8000_0001;
/** The agent may send this much before it gets credit back. */
const windowBytes = 128 * 1024;
const turns = 200;

export async function openEgressProxy(): Promise<OpenTarget> {
  const problems: string[] = [];
  const plain = await listening(plainServer((problem) => problems.push(problem)));
  const secure = await listening(secureServer((problem) => problems.push(problem)));
  const places = [
    `index:${plain.port}/http@127.0.0.0/8`,
    `tls.example:${secure.port}@127.0.0.0/8`,
    'public.example:443',
  ];
  const wayOut = new WatchedWayOut(places, () => Promise.resolve(['169.254.169.254', '10.0.0.1', '127.0.0.1']));
  const stage = new DoubleSessions({ session: { ...settings, egress: wayOut.egress } });
  const corpus = requests(plain.port, secure.port);
  const hellos = [await hello('tls.example'), await hello('other.example')];
  const egress = ['index', 'tls.example', 'public.example'];
  return {
    play: async (random: Random) => {
      const begun = await stage.start({ egress });
      await talk(begun, random, made(random, corpus, hellos));
      const [problem] = problems.splice(0);
      if (problem !== undefined) throw new Find(problem);
      for (const { outcome } of wayOut.facts.splice(0)) {
        must(outcome === 'done' || Object.hasOwn(refusals, outcome), () => `an end that nobody knows: ${outcome}`);
      }
    },
    check: async () => {
      must(stage.sessions.list().length === 0, () => 'a session is left');
      await untilEqual(() => Promise.resolve(wayOut.outwards), 0);
      const begun = await stage.start({ egress });
      const [good] = corpus;
      const said = await talk(begun, null, good === undefined ? [] : [requestBytes(good)]);
      must(said.includes('the index'), () => `a good request is answered with ${JSON.stringify(said)}`);
    },
    close: async () => {
      await stage.stop();
      for (const { server } of [plain, secure]) {
        const closed = once(server, 'close');
        server.close();
        await closed;
      }
    },
  };
}

/** A program connects, says all of it and ends; resolves with what it is told, once its session is over. */
async function talk(
  { session, warm }: DoubleSession,
  random: Random | null,
  pieces: readonly Buffer[],
): Promise<string> {
  const { agent } = warm;
  agent.sendJson(frameTypes.event, { event: 'connect', channel: firstChannel });
  let sent = 0;
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; at += 60_000) {
      const data = piece.subarray(at, at + 60_000);
      sent += data.length;
      if (sent <= windowBytes) agent.send(frameTypes.data, numberOf(firstChannel), data);
    }
  }
  if (random?.percent(80) === true) agent.send(frameTypes.end, numberOf(firstChannel));
  for (let turn = 0; turn < turns && !hasEnded(agent); turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    if (random === null && told(agent).includes('the index')) break;
    if (random !== null && turn > 20) break;
  }
  const said = told(agent);
  must(!said.includes(' 500 '), () => said);
  await session.end('deleted');
  return said;
}

function told(agent: AgentDouble): string {
  return agent
    .payloads(frameTypes.data)
    .map((payload) => payload.subarray(4).toString('latin1'))
    .join('');
}

function hasEnded(agent: AgentDouble): boolean {
  return agent.payloads(frameTypes.end).length > 0;
}

function numberOf(channel: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(channel);
  return bytes;
}

function made(random: Random, corpus: readonly RawRequest[], hellos: readonly Buffer[]): Buffer[] {
  const request = random.percent(20) ? requestBytes(random.pick(corpus)) : mutatedRequest(random, corpus);
  const rest = random.percent(50) ? random.pick(hellos) : mutatedBytes(random, hellos);
  return inPieces(random, request.toString('latin1').startsWith('CONNECT') ? Buffer.concat([request, rest]) : request);
}

function requests(plain: number, secure: number): RawRequest[] {
  const none = Buffer.alloc(0);
  const get = (target: string, host: string): RawRequest => ({
    method: 'GET',
    target,
    headers: [['Host', host]],
    body: none,
  });
  const connected = (target: string): RawRequest => ({
    method: 'CONNECT',
    target,
    headers: [['Host', target]],
    body: none,
  });
  return [
    get(`http://index:${plain}/simple/`, `index:${plain}`),
    { ...get(`http://index:${plain}/upload?a=b`, `index:${plain}`), method: 'POST', body: Buffer.from('some body') },
    connected(`tls.example:${secure}`),
    connected('public.example:443'),
    connected(`127.0.0.1:${plain}`),
    get('http://169.254.169.254/latest/', '169.254.169.254'),
  ];
}

/** Of the index alone; whatever else comes was let through. */
function plainServer(tell: (problem: string) => void): Server {
  return createHttpServer((request, response) => {
    const { host = '', via, 'proxy-authorization': authorization } = request.headers;
    if (!/^index:\d+$/.test(host) || authorization !== undefined)
      tell(`the index was asked for ${host} ${String(via)}`);
    request.resume();
    response.end('the index');
  }).on('connect', (request, socket) => {
    tell(`the index was asked to CONNECT ${String(request.url)}`);
    socket.destroy();
  });
}

/** It must never hear anything but a client that names it. */
function secureServer(tell: (problem: string) => void): Server {
  return createServer((socket) => {
    const reader = new ClientHelloReader();
    let named = false;
    socket.on('error', () => undefined);
    socket.on('data', (data: Buffer) => {
      if (named) return;
      const verdict = reader.push(data);
      named = verdict.kind === 'named';
      if (verdict.kind === 'refused' || (verdict.kind === 'named' && !/^tls\.example\.?$/i.test(verdict.name))) {
        tell(`the server heard ${JSON.stringify(verdict)}`);
      }
      socket.end('hello');
    });
  });
}

async function listening(server: Server): Promise<{ server: Server; port: number }> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

async function hello(servername: string): Promise<Buffer> {
  const [client, server] = streamPair();
  const socket = connect({ socket: client, servername, rejectUnauthorized: false });
  socket.on('error', () => undefined);
  const [said] = (await once(server, 'data')) as [Buffer];
  socket.destroy();
  return said;
}
