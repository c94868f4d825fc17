/** Compares an answer with what the OpenAPI document says of the call: its status, headers, media type and body. */
import type { OpenApi, Operation } from './open-api.js';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Everything about the answer that the document does not say; empty when it is as documented. */
export function undocumented(api: OpenApi, operation: Operation, answer: HttpAnswer): string[] {
  const response = operation.responses[String(answer.status)];
  if (response === undefined) return [`the status ${answer.status}: ${answer.text.slice(0, 300)}`];
  const missing = Object.entries(response.headers ?? {})
    .filter(([name, { $ref }]) => !api.headerAllows($ref, answer.headers.get(name)))
    .map(([name]) => `the header ${name}: ${String(answer.headers.get(name))}`);
  return [...missing, ...bodyProblems(api, operation, answer)];
}

function bodyProblems(api: OpenApi, operation: Operation, { status, headers, text }: HttpAnswer): string[] {
  const { content } = operation.responses[String(status)] ?? {};
  if (content === undefined) return text === '' ? [] : [`a body: ${text.slice(0, 300)}`];
  const type = (headers.get('Content-Type') ?? '').split(';', 1)[0] ?? '';
  if (content[type] === undefined) return [`the media type ${type}`];
  const validate = api.validator(operation.operationId, ['responses', String(status), 'content', type, 'schema']);
  const isJson = type === 'application/json';
  if (validate(isJson ? JSON.parse(text) : text)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message }) => `the body${instancePath}: ${message ?? ''}: ${text}`,
  );
}
