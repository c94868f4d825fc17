import { describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { RunnerError } from '../../../src/errors.js';
import { sessionListSchema, sessionSchema } from '../../../src/http/schemas.js';
import type { MemorySession } from '../../doubles/memory-sessions.js';
import { answered, testApp } from '../../support/test-app.js';

const unknown = 'test.3f2b8c1e-9d4a-4b6f-8a7e-0123456789ab';

async function started(): Promise<ReturnType<typeof testApp> & { session: MemorySession }> {
  const parts = testApp();
  await request(parts.app).post('/repl').send({ language: 'python' }).expect(201);
  const [session] = parts.sessions.all;
  if (session === undefined) throw new Error('no session was started');
  return { ...parts, session };
}

describe('GET /repl/:id', () => {
  it('shows the session to its owner', async () => {
    const { app, session } = await started();
    session.state = 'exited';
    session.exit = { outcome: 'ok', exitCode: 0, signal: null };
    const { body } = await answered(request(app).get(`/repl/${session.id}`).expect(200));
    expect(sessionSchema.strict().parse(body)).toMatchObject({
      id: session.id,
      state: 'exited',
      websocket: `/repl/${session.id}`,
      exit: { outcome: 'ok', exit_code: 0, signal: null },
      attachments: { owner: false, viewers: 0 },
    });
  });

  it("does not tell a viewer the owner's id", async () => {
    const { app, session } = await started();
    const { body, text } = await answered(request(app).get(`/repl/${session.viewId}`).expect(200));
    expect(body).toMatchObject({ view_id: session.viewId, websocket: `/repl/${session.viewId}` });
    expect(text).not.toContain(session.id);
  });

  it('says 404 of an unknown one and 410 of an ended one', async () => {
    const { app, session } = await started();
    expect((await request(app).get(`/repl/${unknown}`).expect(404)).body).toMatchObject({
      error: { code: 'session_unknown' },
    });
    await session.end();
    expect((await request(app).get(`/repl/${session.id}`).expect(410)).body).toMatchObject({
      error: { code: 'session_ended' },
    });
  });
});

describe('GET /repl', () => {
  it('lists sessions without whole ids', async () => {
    const { app, session } = await started();
    const { body, text } = await answered(request(app).get('/repl').expect(200));
    expect(sessionListSchema.parse(body).sessions).toMatchObject([
      { id: `${session.id.slice(0, 9)}…`, state: 'running' },
    ]);
    expect(text).not.toContain(session.id);
    expect(text).not.toContain(session.viewId);
  });
});

describe('DELETE /repl/:id', () => {
  it('ends the session, and says 204 as often as it is asked', async () => {
    const { app, session } = await started();
    await request(app).delete(`/repl/${session.id}`).expect(204);
    expect(session.state).toBe('ended');
    await request(app).delete(`/repl/${session.id}`).expect(204);
    await request(app).delete(`/repl/${unknown}`).expect(204);
    await request(app).delete('/repl/nonsense').expect(204);
  });

  it('does not end a session by its view id', async () => {
    const { app, session } = await started();
    await request(app).delete(`/repl/${session.viewId}`).expect(204);
    expect(session.state).toBe('running');
  });

  it('tells of an end that failed', async () => {
    const { app, session } = await started();
    session.end = () => Promise.reject(new RunnerError('sandbox_failed', 'The sandbox could not be removed.'));
    const { body } = await answered(request(app).delete(`/repl/${session.id}`).expect(502));
    expect(body).toMatchObject({ error: { code: 'sandbox_failed', retryable: true } });
  });
});

describe('POST /repl/:id/restart', () => {
  it('keeps files and size when it says nothing of them', async () => {
    const { app, session } = await started();
    await request(app).post(`/repl/${session.id}/restart`).expect(200);
    await request(app).post(`/repl/${session.id}/restart`).send({}).expect(200);
    const nothing = { entries: null, startup: null, env: {}, size: null };
    expect(session.restarts).toEqual([nothing, nothing]);
  });

  it('takes new files, a startup, an environment and a size', async () => {
    const { app, session } = await started();
    const body = { files: { a: 'x' }, startup: 'x = 1', env: { A: 'b' }, terminal: { cols: 100, rows: 30 } };
    await request(app).post(`/repl/${session.id}/restart`).send(body).expect(200);
    expect(session.restarts).toMatchObject([
      { entries: [{ path: 'a' }], startup: 'x = 1', env: { A: 'b' }, size: { cols: 100, rows: 30 } },
    ]);
  });

  it('refuses what only a start may say', async () => {
    const { app, session } = await started();
    const { body } = await answered(
      request(app).post(`/repl/${session.id}/restart`).send({ language: 'python' }).expect(422),
    );
    expect(body).toMatchObject({ error: { code: 'request_invalid' } });
    expect(session.restarts).toEqual([]);
  });
});

describe('POST /repl/:id/resize and /signal', () => {
  it('are handed to the session', async () => {
    const { app, session } = await started();
    await request(app).post(`/repl/${session.id}/resize`).send({ cols: 1, rows: 1000 }).expect(204);
    await request(app).post(`/repl/${session.id}/signal`).send({ signal: 'SIGINT' }).expect(204);
    expect([session.sizes, session.signals]).toEqual([[{ cols: 1, rows: 1000 }], ['SIGINT']]);
  });

  it.each([
    ['resize', { cols: 0, rows: 24 }],
    ['resize', { cols: 80, rows: 1001 }],
    ['resize', { cols: 80 }],
    ['resize', { cols: 80.5, rows: 24 }],
    ['resize', []],
    ['signal', { signal: 'SIGSEGV' }],
    ['signal', { signal: 2 }],
    ['signal', { signal: 'SIGINT', more: 1 }],
  ])('%s refuses %j', async (call, given) => {
    const { app, session } = await started();
    const { body } = await answered(request(app).post(`/repl/${session.id}/${call}`).send(given).expect(422));
    expect(body).toMatchObject({ error: { code: 'request_invalid' } });
  });

  it('say 409 when the state does not allow it', async () => {
    const { app, session } = await started();
    session.state = 'exited';
    const { body } = await answered(
      request(app).post(`/repl/${session.id}/signal`).send({ signal: 'SIGINT' }).expect(409),
    );
    expect(body).toMatchObject({ error: { code: 'session_state' } });
  });

  it.each(['restart', 'resize', 'signal'])('%s says 404 to a view id and 410 of an ended session', async (call) => {
    const { app, session } = await started();
    const body = { resize: { cols: 80, rows: 24 }, signal: { signal: 'SIGINT' }, restart: {} }[call] ?? {};
    await request(app).post(`/repl/${session.viewId}/${call}`).send(body).expect(404);
    await request(app).post(`/repl/${unknown}/${call}`).send(body).expect(404);
    await session.end();
    await request(app).post(`/repl/${session.id}/${call}`).send(body).expect(410);
    expect([session.restarts, session.sizes, session.signals]).toEqual([[], [], []]);
  });
});
