import { describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { defaultLimits } from '../../../src/sandbox/limits.js';
import { programResult, runResult } from '../../doubles/program-result.js';
import { answered, testApp } from '../../support/test-app.js';

async function withSession() {
  const stage = testApp({ maxLimits: { ...defaultLimits, memoryBytes: 1 << 30 } });
  await request(stage.app).post('/repl').send({ language: 'python' }).expect(201);
  const [session] = stage.sessions.all;
  if (session === undefined) throw new Error('no session');
  return { ...stage, session, path: `/repl/${session.id}/run` };
}

describe('POST /repl/:id/run', () => {
  it('asks for what the request says, and for the defaults where it does not', async () => {
    const { app, session, path } = await withSession();
    await request(app).post(path).send({ command: 'true' }).expect(200);
    const limits = { wall_seconds: 2.5, cpu_seconds: 1, output_bytes: 5, memory_mib: 64 };
    await request(app)
      .post(path)
      .send({ argv: ['a', ''], stdin: { base64: '/w==' }, env: { A: '1' }, limits });
    expect(session.runs).toMatchObject([
      {
        ...{ program: { kind: 'command', command: 'true' }, env: {}, stdin: null },
        limits: { wallMs: 10_000, cpuMs: null, outputBytes: 1 << 20, dataBytes: null },
        buildLimits: { wallMs: 60_000 },
      },
      {
        ...{ program: { kind: 'argv', argv: ['a', ''] }, env: { A: '1' }, stdin: Buffer.from([0xff]) },
        limits: { wallMs: 2_500, cpuMs: 1_000, outputBytes: 5, dataBytes: 64 << 20 },
      },
    ]);
  });

  it('tells of a build that did not go well as the whole', async () => {
    const { app, session, path } = await withSession();
    const output = { data: Buffer.from('no semicolon'), truncated: false };
    const build = runResult({ outcome: 'runtime_error', exitCode: 1, stderr: output });
    session.answerRun = () => Promise.resolve(programResult({ build, run: null }));
    const { body } = await answered(request(app).post(path).send({}));
    expect(body).toMatchObject({
      ...{ outcome: 'runtime_error', exit_code: null, stderr: { content: '', truncated: false } },
      build: { outcome: 'runtime_error', exit_code: 1, stderr: { content: 'no semicolon' } },
    });
  });

  it.each([
    [{ command: 'a', argv: ['b'] }, 'may be given'],
    [{ command: 'a', args: ['b'] }, 'args only beside file'],
    [{ argv: [] }, 'argv'],
    [{ argv: ['a\0'] }, 'argv'],
    [{ command: 'x'.repeat(1 << 17) }, 'command'],
    [{ stdin: { base64: 'ä' } }, 'stdin'],
    [{ limits: { wall_seconds: 61 } }, 'wall_seconds'],
    [{ limits: { wall_seconds: 0 } }, 'wall_seconds'],
    [{ limits: { output_bytes: 3 << 20 } }, 'output_bytes'],
    [{ limits: { cpus: 1 } }, 'cpus'],
    [{ env: { 'A=': '1' } }, 'env'],
    [{ files: {} }, 'files'],
  ])('refuses %j', async (body, problem) => {
    const { app, session, path } = await withSession();
    const answer = await answered(request(app).post(path).send(body));
    expect([answer.status, answer.body]).toMatchObject([422, { error: { code: 'request_invalid' } }]);
    expect(JSON.stringify(answer.body)).toContain(problem);
    expect(session.runs).toEqual([]);
  });

  it('is the owner’s alone', async () => {
    const { app, session } = await withSession();
    await request(app).post(`/repl/${session.viewId}/run`).send({ command: 'true' }).expect(404);
  });

  it('streams where events are asked for', async () => {
    const { app, session, path } = await withSession();
    session.answerRun = async ({ onOutput, onBuilt }) => {
      await onOutput?.('build', 'stderr', Buffer.from('warning'));
      await onBuilt?.(runResult());
      await onOutput?.('run', 'stdout', Buffer.from('ä').subarray(0, 1));
      await onOutput?.('run', 'stdout', Buffer.from('ä').subarray(1));
      await onOutput?.('run', 'stderr', Buffer.from([0xff]));
      await onOutput?.('run', 'stdout', Buffer.from([0xc3]));
      return programResult({ build: runResult() });
    };
    const sent = request(app).post(path).set('Accept', 'text/event-stream').send({ command: 'x' });
    const { text, headers } = await answered(sent);
    expect(headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(text.split('\n\n').map((block) => block.split('\n'))).toEqual([
      ['event: start', 'data: {}'],
      ['event: build_stderr', 'data: {"content":"warning"}'],
      ['event: build', expect.stringContaining('"stdout":{"truncated":false}')],
      ['event: stdout', 'data: {"content":"ä"}'],
      ['event: stderr', 'data: {"base64":"/w=="}'],
      ['event: stdout', 'data: {"base64":"ww=="}'],
      ['event: result', expect.stringMatching(/^data: \{"outcome":"ok".*"build":\{"outcome":"ok"/)],
      [''],
    ]);
  });

  it('tells an error after the start as the last event, one before it as an answer', async () => {
    const { app, session, path } = await withSession();
    session.answerRun = () => Promise.reject(new Error('odd'));
    const sent = request(app).post(path).set('Accept', 'text/event-stream').send({ command: 'x' });
    expect((await answered(sent)).text).toContain('event: error\ndata: {"error":{"code":"internal"');
    const bad = request(app).post(path).set('Accept', 'text/event-stream').send({ nonsense: 1 });
    expect((await answered(bad)).status).toBe(422);
  });
});

describe('POST /run', () => {
  it('takes JSON, archives and forms, with the limits of a sandbox', async () => {
    const { app, once } = testApp();
    const limits = { wall_seconds: 1, memory_mib: 64 };
    const json = { language: 'python', files: { 'a.py': 'x' }, file: 'a.py', args: ['1'], limits };
    const { body } = await answered(request(app).post('/run').send(json));
    expect(body).toMatchObject({ outcome: 'ok', queue: { waited_ms: 3 }, cold: false });
    const options = JSON.stringify({ language: 'python', command: 'ls' });
    await request(app).post('/run').field('options', options).expect(200);
    expect(once).toMatchObject([
      {
        program: { kind: 'file', file: 'a.py', args: ['1'] },
        entries: [{ path: 'a.py' }],
        sandboxLimits: { memoryBytes: 64 << 20 },
        limits: { wallMs: 1_000, dataBytes: null },
      },
      { program: { kind: 'command', command: 'ls' }, entries: [], sandboxLimits: {} },
    ]);
  });

  it('refuses a language that is not there, before the files are looked at', async () => {
    const { app, once } = testApp();
    const tar = request(app).post('/run?language=cobol').set('Content-Type', 'application/x-tar').send(Buffer.alloc(9));
    expect((await answered(tar)).body).toMatchObject({ error: { code: 'language_unknown' } });
    expect(once).toEqual([]);
  });

  it('counts runs, and shows how many there are', async () => {
    const { app } = testApp();
    await request(app).post('/run').send({ language: 'python', command: 'true' }).expect(200);
    const { text } = await answered(request(app).get('/metrics'));
    expect(text).toContain('repl_runner_runs_total{kind="once",outcome="ok"} 1');
    expect(text).toContain('repl_runner_runs{state="waiting"} 2');
    expect(text).toContain('repl_runner_run_wait_seconds_count 1');
  });
});
