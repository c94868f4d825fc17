/**
 * The runner's half of the agent protocol: a session whose agent answers calls with what it should not, on channels and in
 * frames of its own. Each call must come to an end that a client may be told, and the session must end.
 */
import { errorCodes, RunnerError } from '../../../src/errors.js';
import { runAnswer } from '../../../src/http/run-answer.js';
import { runAnswerSchema } from '../../../src/http/run-schemas.js';
import { sessionAnswer } from '../../../src/http/session-answer.js';
import { sessionSchema } from '../../../src/http/schemas.js';
import type { Session } from '../../../src/session/session.js';
import { frameTypes } from '../../../src/agent/frame.js';
import { DoubleSessions, settings, type DoubleSession } from '../../doubles/double-sessions.js';
import { FakeSocket } from '../../doubles/fake-socket.js';
import { fakeLanguage, type FakeWarmSandbox } from '../../doubles/fake-warm-sandbox.js';
import { settled } from '../../doubles/settled.js';
import { within } from '../../doubles/within.js';
import type { Random } from '../../support/random.js';
import { Find, must, type OpenTarget } from '../fuzz-target.js';
import { mutatedBytes } from '../mutate-bytes.js';
import { HostileAgent } from '../hostile-agent.js';
import { WatchedWayOut } from '../watched-way-out.js';

const never = new AbortController().signal;
const language = { ...fakeLanguage, run: { file: 'main.py', build: ['true'], argv: ['python3', '{file}'] } };
const runLimits = { wallMs: 5_000, cpuMs: null, outputBytes: 1000, dataBytes: null };
const refused = 'refused';
const toldCodes = Object.keys(errorCodes).filter((code) => code !== 'internal');
const endMs = 20_000;

type CallOnSession = (session: Session) => Promise<unknown>;

const calls: Readonly<Record<string, CallOnSession>> = {
  resize: (session) => session.resize({ cols: 100, rows: 30 }),
  signal: (session) => session.signal('SIGINT'),
  restart: (session) =>
    session.restart({ entries: null, startup: 'x = 1', env: { A: 'b' }, size: { cols: 90, rows: 20 } }, never),
  'restart with files': (session) =>
    session.restart({ entries: [{ type: 'directory', path: 'a' }], startup: null, env: {}, size: null }, never),
  list: async (session) => {
    const { entries } = await session.workspace.list('', { recursive: true, maxEntries: 100 });
    for (const { modifiedAt } of entries) modifiedAt.toISOString();
  },
  read: async (session) => {
    const file = await session.workspace.read('a.py');
    file.modifiedAt.toISOString();
    await drained(file.content);
  },
  'read given up': async (session) => {
    (await session.workspace.read('a.py')).cancel();
  },
  write: (session) => session.workspace.write('a.py', Buffer.from('x = 1\n'), null),
  rename: (session) => session.workspace.rename('a', 'b', { overwrite: false }),
  remove: (session) => session.workspace.remove('a'),
  unpack: (session) => session.workspace.unpack(Buffer.alloc(1024), { replace: true }),
  pack: async (session) => {
    const { content, report } = session.workspace.pack(1000);
    await drained(content);
    await report;
  },
  run: async (session) => {
    const request = { env: {}, stdin: Buffer.from('typed'), limits: runLimits, buildLimits: runLimits };
    const program = { kind: 'file', file: null, args: [] } as const;
    runAnswerSchema.parse(runAnswer(await session.run({ ...request, program }, () => undefined, never)));
  },
};

export function openHostileAgent(): Promise<OpenTarget> {
  const wayOut = new WatchedWayOut(['index:80/http@127.0.0.0/8', 'pypi.example:443']);
  const stage = new DoubleSessions({ session: { ...settings, egress: wayOut.egress } }, {}, language);
  return Promise.resolve({
    play: async (random: Random) => {
      const made: { agent: HostileAgent; warm: FakeWarmSandbox }[] = [];
      stage.prepare = (warm) => made.push({ warm, agent: hostileIn(warm, random) });
      const begun = await begin(stage, random, () => {
        for (const { warm } of made) warm.end('it is over');
      });
      const [{ agent } = {}] = made;
      if (begun === null || agent === undefined) return;
      await attack(begun, agent, random);
      await begun.session.end('deleted');
      must(stage.sessions.list().length === 0, () => 'a session is left');
    },
    check: async () => {
      stage.prepare = () => undefined;
      const { session } = await stage.start();
      await session.resize({ cols: 10, rows: 10 });
      await session.end('deleted');
      must(stage.sessions.list().length === 0 && wayOut.outwards === 0, () => 'a session or a connection is left');
      wayOut.facts.length = 0;
    },
    close: () => stage.stop(),
  });
}

function hostileIn({ agent }: FakeWarmSandbox, random: Random): HostileAgent {
  const hostile = new HostileAgent(agent, random);
  // Most sessions begin as they should, so that there is something to attack.
  if (random.percent(90)) hostile.obedient('start');
  return hostile;
}

/** Null where the agent has seen to it that no session began. */
async function begin(stage: DoubleSessions, random: Random, lose: () => void): Promise<DoubleSession | null> {
  const starting = stage.start({ egress: random.percent(30) ? ['index', 'pypi.example'] : [] });
  const outcome = await ended(starting, 'start', lose);
  return outcome === refused ? null : (outcome as DoubleSession);
}

async function attack({ session, warm }: DoubleSession, agent: HostileAgent, random: Random): Promise<void> {
  const socket = new FakeSocket();
  if (random.percent(50))
    session.terminal.attach(socket, { role: 'owner', controlled: random.percent(70), resume: null });
  const under: Promise<unknown>[] = [];
  for (let count = 1 + random.below(3); count > 0; count -= 1) {
    const name = random.pick(Object.keys(calls));
    const call = calls[name]?.(session) ?? Promise.resolve();
    const lose = (): void => {
      warm.end('it is over');
    };
    under.push(ended(call, name, lose));
    if (random.percent(40)) session.terminal.input(Buffer.from(random.pick(['a', '\x03', 'x'.repeat(70_000)])));
    if (random.percent(50)) agent.speak();
    if (random.percent(20)) warm.agent.sendRaw(mutatedBytes(random, agent.frames));
    if (random.percent(10)) warm.agent.send(frameTypes.pong);
  }
  for (const outcome of await Promise.allSettled(under)) {
    if (outcome.status === 'rejected') throw new Find('a call has come to no good end', { cause: outcome.reason });
  }
  sessionSchema.parse(sessionAnswer(session, 'owner'));
  for (const { reason } of socket.closed) must(reason !== 'malformed', () => `closed for ${reason}`);
}

/** What it resolves with, or `refused` where a client is told an error of its table. One without an answer loses its sandbox. */
async function ended(call: Promise<unknown>, name: string, lose: () => void): Promise<unknown> {
  const told = call.catch((error: unknown) => {
    if (error instanceof RunnerError && toldCodes.includes(error.code)) return refused;
    throw error;
  });
  const early = await Promise.race([
    told.then((outcome) => ({ outcome })),
    settled()
      .then(settled)
      .then(() => null),
  ]);
  if (early !== null) return early.outcome;
  lose();
  return await within(`end of ${name}`, told, endMs);
}

async function drained(content: AsyncIterable<Buffer>): Promise<void> {
  let bytes = 0;
  for await (const piece of content) bytes += piece.length;
  must(bytes <= 2 ** 24, () => `${bytes} bytes were taken`);
}
