/** Bad input for an operation, thought out from what the OpenAPI document says that it takes. */
import type { ApiExample } from './api-examples.js';
import type { OpenApi, Operation } from './open-api.js';

export interface ApiMistake {
  readonly name: string;
  /** Of the answer. */
  readonly status: number;
  readonly example: ApiExample;
  /** In place of the one that it should have. */
  readonly id?: string;
  readonly token?: string | null;
}

const anything: readonly unknown[] = [null, -1.5, '', true, [{}], { nonsense: {} }];

export function mistakesOf(api: OpenApi, operation: Operation, examples: readonly ApiExample[]): ApiMistake[] {
  const [example] = examples;
  if (example === undefined) throw new Error(`${operation.operationId} has no example.`);
  return [
    ...tokenMistakes(operation, example),
    ...idMistakes(operation, example),
    ...pathMistakes(operation, example),
    ...queryMistakes(api, operation, examples),
    ...bodyMistakes(api, operation, example),
  ];
}

function pathMistakes({ path }: Operation, example: ApiExample): ApiMistake[] {
  if (!path.includes('{path}')) return [];
  return ['..%2f..%2fetc', 'a%00b', '%2fetc/passwd'].map((wrong) => ({
    ...{ name: `the path ${wrong}`, status: 422 },
    example: { ...example, path: { path: wrong } },
  }));
}

function queryMistakes(api: OpenApi, operation: Operation, examples: readonly ApiExample[]): ApiMistake[] {
  const inQuery = operation.parameters.flatMap((parameter, index) =>
    parameter.in === 'query' ? [{ name: parameter.name ?? '', index: String(index) }] : [],
  );
  if (inQuery.length === 0) return [];
  const example = examples.find(({ query }) => query !== undefined);
  if (example === undefined) throw new Error(`${operation.operationId} has no example with a query.`);
  const asked = (query: Record<string, string>): ApiExample => ({ ...example, query: { ...example.query, ...query } });
  const wrong = inQuery
    .filter(({ index }) => !api.validator(operation.operationId, ['parameters', index, 'schema'])('no such value'))
    .map(({ name }) => ({ name: `a wrong ${name}`, status: 422, example: asked({ [name]: 'no such value' }) }));
  return [...wrong, { name: 'an unknown parameter', status: 422, example: asked({ no_such_parameter: '1' }) }];
}

function tokenMistakes({ security }: Operation, example: ApiExample): ApiMistake[] {
  if (security.length === 0) return [];
  return [
    { name: 'no token', status: 401, example, token: null },
    { name: 'a wrong token', status: 401, example, token: 'wrong' },
    { name: 'a foreign origin', status: 403, example: { ...example, headers: { Origin: 'https://evil.example' } } },
  ];
}

function idMistakes({ path, operationId }: Operation, example: ApiExample): ApiMistake[] {
  if (!path.includes('{id}')) return [];
  const unknown = operationId === 'delete_session' ? 204 : 404;
  return [
    { name: 'an unknown id', status: unknown, example, id: 'a.00000000-0000-4000-8000-000000000000' },
    { name: 'an id that is none', status: unknown, example, id: '..%2f..%2fetc' },
    { name: 'an id that cannot be decoded', status: 400, example, id: '%ff' },
  ];
}

function bodyMistakes(api: OpenApi, operation: Operation, example: ApiExample): ApiMistake[] {
  const validate = api.bodyValidator(operation);
  if (validate === null) return [];
  const { body = {} } = example;
  const asText = (text: string): ApiExample => ({ ...example, body: Buffer.from(text), type: 'application/json' });
  const wrong = (name: string, value: unknown): ApiMistake[] =>
    validate(value) ? [] : [{ name, status: 422, example: asText(JSON.stringify(value)) }];
  const ofAnotherType = Object.keys(body).flatMap((field) =>
    anything.flatMap((value) => wrong(`${field}: ${JSON.stringify(value)}`, { ...body, [field]: value })),
  );
  const lacking = Object.keys(body).flatMap((field) => {
    const { [field]: _left, ...rest } = body as Record<string, unknown>;
    return wrong(`no ${field}`, rest);
  });
  return [
    ...anything.flatMap((value) => wrong(`${JSON.stringify(value)} as the body`, value)),
    ...ofAnotherType,
    ...lacking,
    ...wrong('an unknown field', { ...body, no_such_field: 1 }),
    { name: 'half of JSON', status: 400, example: asText('{"a":') },
    {
      name: 'octets as JSON',
      status: 400,
      example: { ...example, body: Buffer.from([0xff]), type: 'application/json' },
    },
    {
      name: 'a strange media type',
      status: 415,
      example: { ...example, body: Buffer.from('{}'), type: 'text/x-strange' },
    },
  ];
}
