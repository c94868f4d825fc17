/**
 * Every operation of the OpenAPI document, asked with good input and with bad, answers with a status, headers and a body
 * that the document tells of.
 */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { apiExamples, exampleFiles, type ApiExample } from '../support/api-examples.js';
import { mistakesOf } from '../support/api-mistakes.js';
import { describeOnEach } from '../support/describe-where.js';
import { groundPerDriver, type Ground } from '../support/grounds.js';
import { undocumented, type HttpAnswer } from '../support/open-api-answer.js';
import { OpenApi, type Operation } from '../support/open-api.js';
import { RunningService, type StartedSession } from '../support/running-service.js';

/** All but the probes, to which nothing can be said. */
const takeInput = Object.entries(apiExamples).filter(([name]) => !['alive', 'ready', 'sha'].includes(name));
const apiToken = 'a-token-of-this-test';

function documentedApi(ground: Ground): void {
  let runner: RunningService;
  let api: OpenApi;
  let session: StartedSession;

  beforeAll(async () => {
    const settings = { REPL_RUNNER_API_TOKEN: apiToken, REPL_RUNNER_ALLOWED_ORIGINS: 'https://good.example' };
    runner = await RunningService.start({ ...ground.env, ...settings });
    api = new OpenApi((await runner.call('GET', '/openapi.json')).body as Record<string, unknown>);
    session = await runner.startSession({ files: exampleFiles });
  });

  afterAll(async () => {
    await runner.stop();
  });

  const operationOf = (operationId: string): Operation => {
    const found = api.operations.find((operation) => operation.operationId === operationId);
    if (found === undefined) throw new Error(`There is no operation ${operationId}.`);
    return found;
  };

  async function ask(
    { method, path }: Operation,
    example: ApiExample,
    { id = session.id, token = apiToken }: { id?: string; token?: string | null } = {},
  ): Promise<HttpAnswer> {
    const values: Record<string, string> = { ...example.path, id };
    const query = new URLSearchParams(example.query);
    const url = new URL(
      `${path.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '')}?${query.toString()}`,
      runner.url,
    );
    const { body, type } = example;
    const isJson = body !== undefined && type === undefined && !(body instanceof FormData);
    const sentType = type ?? (isJson ? 'application/json' : undefined);
    const response = await fetch(url, {
      method: method.toUpperCase(),
      headers: {
        ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
        ...(sentType === undefined ? {} : { 'Content-Type': sentType }),
        ...example.headers,
      },
      ...(body === undefined
        ? {}
        : { body: isJson ? JSON.stringify(body) : (body as FormData | Uint8Array<ArrayBuffer>) }),
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  it('has an example of every operation, and of no other', () => {
    expect(Object.keys(apiExamples).sort()).toEqual(api.operations.map(({ operationId }) => operationId).sort());
  });

  it('says how a session looks to a viewer, after its end, and when its REPL is gone', async () => {
    const own = await runner.startSession();
    const inspect = async (id: string): Promise<number> => {
      const operation = operationOf('get_session');
      const answer = await ask(operation, { status: 200 }, { id });
      expect(undocumented(api, operation, answer)).toEqual([]);
      return answer.status;
    };
    expect(await inspect(own.view_id)).toBe(200);
    const terminal = runner.attach(own.websocket, { headers: { Authorization: `Bearer ${apiToken}` } });
    await terminal.until('>>> ');
    terminal.type('exit(3)\n');
    expect(await terminal.closed).toMatchObject({ code: 4000 });
    expect(await inspect(own.id)).toBe(200);
    const signal = operationOf('signal');
    const refused = await ask(signal, { status: 409, body: { signal: 'SIGINT' } }, { id: own.id });
    expect([refused.status, undocumented(api, signal, refused)]).toEqual([409, []]);
    await runner.call('DELETE', `/repl/${own.id}`);
    expect(await inspect(own.id)).toBe(410);
  });

  it.each(takeInput)('%s answers bad input as documented', async (operationId, examples) => {
    const operation = operationOf(operationId);
    const mistakes = mistakesOf(api, operation, examples);
    expect(mistakes).not.toEqual([]);
    for (const { name, status, example: mistaken, ...to } of mistakes) {
      const answer = await ask(operation, mistaken, to);
      const found = { status: answer.status, undocumented: undocumented(api, operation, answer) };
      expect({ name, ...found }).toEqual({ name, status, undocumented: [] });
    }
  });

  it.each(Object.entries(apiExamples))('%s answers good input as documented', async (operationId, examples) => {
    const operation = operationOf(operationId);
    for (const example of examples) {
      const { id } = example.ends === true ? await runner.startSession({ files: exampleFiles }) : session;
      const answer = await ask(operation, example, { id });
      const found = { status: answer.status, undocumented: undocumented(api, operation, answer) };
      expect({ example, ...found }).toEqual({ example, status: example.status, undocumented: [] });
      if (example.starts === true) {
        const { id: started } = JSON.parse(answer.text) as { id: string };
        expect(answer.headers.get('Location')).toBe(`/repl/${started}`);
        await runner.call('DELETE', `/repl/${started}`);
      }
    }
  });
}

describeOnEach(groundPerDriver, 'The API of a runner on', documentedApi);
