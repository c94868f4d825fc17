import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { frameTypes } from '../../../src/agent/frame.js';
import { parseEntry, type EgressEntry } from '../../../src/egress/allow-list.js';
import { Egress, type EgressSettings } from '../../../src/egress/egress.js';
import type { EgressFacts } from '../../../src/egress/session-egress.js';
import { FakeWarmSandbox } from '../../doubles/fake-warm-sandbox.js';
import { settled } from '../../doubles/settled.js';

const firstChannel = 0x8000_0000;
const sync = { replica: 'a', resumeGraceSeconds: 60, fresh: true, timeoutMs: 5_000 };
const entries = ['pypi.example:443', 'index:80/http@10.0.0.0/8']
  .map(parseEntry)
  .filter((entry): entry is EgressEntry => entry !== null);
const settings: EgressSettings = {
  entries,
  pipIndex: { url: 'http://index/simple/', name: 'index', port: 80, plain: true },
  key: 'k'.repeat(32),
  maxConnections: 2,
  maxBytes: 100_000,
};

function channelOf(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  return bytes;
}

class Stage {
  readonly warm = new FakeWarmSandbox();
  readonly facts: EgressFacts[] = [];
  readonly egress: Egress;
  open = 0;

  constructor(changed: Partial<EgressSettings> = {}) {
    this.egress = new Egress(
      { ...settings, ...changed },
      {
        resolve: () => Promise.resolve(['10.0.0.1', '169.254.169.254']),
        listener: {
          onEnded: (facts) => this.facts.push(facts),
          onConnections: (change) => (this.open += change),
          onBytes: () => undefined,
        },
      },
    );
  }

  /** A program connects; `connection` counts from 1. */
  async connects(connection: number): Promise<void> {
    this.warm.agent.sendJson(frameTypes.event, { event: 'connect', channel: firstChannel + connection });
    await settled();
  }

  async says(connection: number, text: string): Promise<void> {
    this.warm.agent.send(frameTypes.data, channelOf(firstChannel + connection), Buffer.from(text));
    await settled();
  }

  /** What the program has been sent. */
  heard(connection: number): string {
    return this.#of(frameTypes.data, connection)
      .map((payload) => payload.subarray(4).toString())
      .join('');
  }

  ended(connection: number): boolean {
    return this.#of(frameTypes.end, connection).length > 0;
  }

  get outcomes(): string[] {
    return this.facts.map(({ outcome }) => outcome);
  }

  #of(type: typeof frameTypes.data | typeof frameTypes.end, connection: number): Buffer[] {
    return this.warm.agent.payloads(type).filter((payload) => payload.readUInt32BE(0) === firstChannel + connection);
  }
}

describe('Egress', () => {
  let stage: Stage;
  const begin = async (changed: Partial<EgressSettings> = {}): Promise<void> => {
    stage = new Stage(changed);
    await stage.warm.connection.sync(sync);
  };
  beforeEach(() => begin());
  afterEach(() => {
    stage.warm.connection.close('done');
    expect(stage.open).toBe(0);
  });

  it('opens the proxy of a session before anything else, and says what its programs need to know', async () => {
    const { names, env } = await stage.egress.open(stage.warm.connection, 'a.1', ['index', 'pypi.example']);
    expect(names).toEqual(['pypi.example', 'index']);
    expect(env).toMatchObject({
      HTTPS_PROXY: 'http://127.0.0.1:3128',
      http_proxy: 'http://127.0.0.1:3128',
      NO_PROXY: 'localhost,127.0.0.1,::1',
      PIP_INDEX_URL: 'http://index/simple/',
      PIP_TRUSTED_HOST: 'index:80',
      PYTHONUSERBASE: '/sandbox/.local',
    });
    expect(stage.warm.agent.requests).toMatchObject([{ op: 'egress', port: 3128 }]);
  });

  it('names an index only to sessions that may reach it', async () => {
    const { env } = await stage.egress.open(stage.warm.connection, 'a.1', ['pypi.example']);
    expect(env).not.toHaveProperty('PIP_INDEX_URL');
  });

  it.each([[[]], [['evil.example']]])('opens nothing where none of the names is allowed: %j', async (names) => {
    expect(await stage.egress.open(stage.warm.connection, 'a.1', names)).toMatchObject({ names: [], env: {} });
    expect(stage.warm.agent.requests).toEqual([]);
  });

  it('refuses what a forged agent asks for in a session without permission', async () => {
    await stage.egress.open(stage.warm.connection, 'a.1', []);
    await stage.connects(1);
    await stage.says(1, 'CONNECT pypi.example:443 HTTP/1.1\r\n\r\n');
    expect(stage.ended(1)).toBe(true);
    expect(stage.heard(1)).toBe('');
    expect(stage.outcomes).toEqual(['no_permission']);
    expect(stage.warm.connection.closed).toBe(false);
  });

  it('ends the connections of a sandbox that was given to nobody yet', async () => {
    await stage.connects(1);
    expect(stage.ended(1)).toBe(true);
  });

  it('ends a sandbox whose agent opens a channel twice', async () => {
    await stage.egress.open(stage.warm.connection, 'a.1', ['index']);
    await stage.connects(1);
    await stage.connects(1);
    expect(stage.warm.connection.closed).toBe(true);
  });

  it('ends a sandbox whose agent sends more than it was given credit for', async () => {
    await stage.egress.open(stage.warm.connection, 'a.1', []);
    stage.warm.connection.acceptConnections(() => undefined);
    await stage.connects(1);
    for (let sent = 0; sent < 3; sent += 1) await stage.says(1, 'x'.repeat(60_000));
    expect(stage.warm.connection.closed).toBe(true);
  });

  it('answers a refusal in words, and goes on with the next request', async () => {
    await stage.egress.open(stage.warm.connection, 'a.1', ['index']);
    await stage.connects(1);
    await stage.says(1, 'GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n');
    expect(stage.heard(1)).toMatch(
      /^HTTP\/1.1 403 this session may not reach that: evil\.example:80; allowed: index:80\r/,
    );
    await stage.connects(2);
    await stage.says(2, 'CONNECT pypi.example:443 HTTP/1.1\r\n\r\n');
    expect(stage.heard(2)).toMatch(/^HTTP\/1.1 403 .*\r\n\r\nrepl_runner: .*pypi\.example:443; allowed: index:80\n$/s);
    expect(stage.ended(2)).toBe(true);
    expect(stage.facts).toMatchObject([
      { sessionId: 'a.1', target: 'evil.example:80', outcome: 'not_allowed' },
      { sessionId: 'a.1', target: 'pypi.example:443', outcome: 'not_allowed' },
    ]);
  });

  it('connects to no address where a public name must not lie', async () => {
    await stage.egress.open(stage.warm.connection, 'a.1', ['pypi.example']);
    await stage.connects(1);
    await stage.says(1, 'CONNECT pypi.example:443 HTTP/1.1\r\n\r\n');
    expect(stage.heard(1)).toMatch(
      /^HTTP\/1.1 403 that name lies in a network that may not be reached: pypi\.example\r/,
    );
  });

  it.each([
    ['no HTTP', '\x16\x03\x01\x00\x05hello'],
    ['a head without an end', `GET http://index/ HTTP/1.1\r\nX: ${'x'.repeat(40_000)}`],
    ['a length that is none', 'POST http://index/ HTTP/1.1\r\nHost: index\r\nContent-Length: -1\r\n\r\n'],
    ['two lengths', 'POST http://index/ HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ])('answers %s with 400', async (_, text) => {
    await stage.egress.open(stage.warm.connection, 'a.1', ['index']);
    await stage.connects(1);
    await stage.says(1, text);
    expect(stage.heard(1)).toMatch(/^HTTP\/1.1 400 /);
    expect(stage.ended(1)).toBe(true);
    expect(stage.outcomes).toEqual(['malformed']);
  });

  it('bounds how often a session connects, and how much of that is logged', async () => {
    await stage.egress.open(stage.warm.connection, 'a.1', ['index']);
    await stage.connects(1);
    await stage.says(1, 'GET http://evil/ HTTP/1.1\r\n\r\n'.repeat(250));
    expect(stage.outcomes.filter((outcome) => outcome === 'not_allowed').length).toBeGreaterThanOrEqual(200);
    expect(stage.outcomes).toContain('too_fast');
    expect(stage.facts.filter(({ tooOften }) => !tooOften).length).toBeLessThan(50);
  });

  it('holds no more connections of programs than the agent may', async () => {
    await stage.egress.open(stage.warm.connection, 'a.1', ['index']);
    for (let connection = 1; connection <= 65; connection += 1) await stage.connects(connection);
    expect(stage.ended(64)).toBe(false);
    expect(stage.ended(65)).toBe(true);
    expect(stage.outcomes).toEqual(['too_many']);
  });

  it('goes on after another runner has taken the session up, by the seal of the first one', async () => {
    await stage.egress.open(stage.warm.connection, 'a.1', ['index']);
    const [request] = stage.warm.agent.requests;
    const grant = String(request?.grant);
    const successor = new Stage();
    expect(successor.egress.resume(successor.warm.connection, 'a.1', grant)).toMatchObject({ names: ['index'] });
    expect(successor.egress.resume(successor.warm.connection, 'a.2', grant)).toMatchObject({ names: [], env: {} });
    expect(
      successor.egress.resume(successor.warm.connection, 'a.1', grant.replace('index', 'pypi.example')).names,
    ).toEqual([]);
    const stricter = new Stage({ entries: entries.slice(0, 1) });
    expect(stricter.egress.resume(stricter.warm.connection, 'a.1', grant).names).toEqual([]);
    for (const { warm } of [successor, stricter]) warm.connection.close('done');
  });

  it('goes on over another connection to the same agent, within the same bounds', async () => {
    const { serve } = await stage.egress.open(stage.warm.connection, 'a.1', ['index']);
    await stage.connects(1);
    await stage.says(1, 'GET http://evil/ HTTP/1.1\r\n\r\n'.repeat(250));
    const again = new FakeWarmSandbox(2);
    serve(again.connection);
    await again.connection.sync(sync);
    again.agent.sendJson(frameTypes.event, { event: 'connect', channel: firstChannel + 1 });
    await settled();
    const before = stage.outcomes.length;
    // Fewer than a session that has asked for nothing yet may ask for at once.
    const requests = 'GET http://evil/ HTTP/1.1\r\n\r\n'.repeat(150);
    again.agent.send(frameTypes.data, channelOf(firstChannel + 1), Buffer.from(requests));
    await settled();
    expect(stage.outcomes.slice(before)).toContain('too_fast');
    again.connection.close('done');
  });

  it('leaves nothing with the agent where there is no key', async () => {
    await begin({ key: null });
    await stage.egress.open(stage.warm.connection, 'a.1', ['index']);
    expect(stage.warm.agent.requests).toMatchObject([{ op: 'egress', grant: null }]);
    expect(stage.egress.resume(stage.warm.connection, 'a.1', null).names).toEqual([]);
  });
});
