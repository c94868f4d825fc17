/** What the document says of one call. */
import type { z } from 'zod';
import type { Route, RouteAnswer, RouteBody } from '../route.js';
import { archiveTypes } from '../upload.js';
import type { ComponentSchemas } from './component-schemas.js';
import { errorResponses } from './error-responses.js';
import type { Node } from './node.js';
import { parametersOf } from './parameters.js';

export function operation(route: Route, schemas: ComponentSchemas): Node {
  const { operationId, tag, summary, description, body, answer, otherAnswer } = route;
  const answers = otherAnswer === undefined ? [answer] : [answer, otherAnswer];
  return {
    operationId,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    security: route.open === true ? [] : [{ token: [] }],
    parameters: parametersOf(route, schemas),
    ...(body === undefined ? {} : { requestBody: requestBody(body, schemas) }),
    responses: {
      ...errorResponses(route),
      ...Object.fromEntries(answers.map((one) => [one.status, response(one, schemas)])),
    },
  };
}

function response(answer: RouteAnswer, schemas: ComponentSchemas): Node {
  const { status, schema, contentType, location, example, description = 'Done.' } = answer;
  const content = {
    ...(schema === undefined ? {} : { 'application/json': mediaType(schemas.schemaOf(schema, 'output'), example) }),
    ...Object.fromEntries([contentType ?? []].flat().map((type) => [type, { schema: unstructured(type) }])),
  };
  return {
    description,
    headers: {
      'X-Request-Id': { $ref: '#/components/headers/RequestId' },
      ...(location === true ? { Location: { $ref: '#/components/headers/Location' } } : {}),
      ...(status === 503 ? { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } } : {}),
    },
    ...(Object.keys(content).length === 0 ? {} : { content }),
  };
}

/** Raw octets have no schema in OpenAPI 3.1. */
function unstructured(contentType: string): Node {
  if (contentType === 'application/json') return { type: 'object' };
  return contentType.startsWith('text/') ? { type: 'string' } : {};
}

function requestBody({ json, formOptions, octets = [], example }: RouteBody, schemas: ComponentSchemas): Node {
  const archives = formOptions === undefined ? [] : Object.keys(archiveTypes);
  const content = {
    ...(json === undefined ? {} : { 'application/json': mediaType(schemas.schemaOf(json, 'input'), example) }),
    ...Object.fromEntries([...archives, ...octets].map((type) => [type, { schema: {} }])),
    ...(formOptions === undefined ? {} : { 'multipart/form-data': form(formOptions, schemas) }),
  };
  // An empty body stands for empty JSON, and for no octets.
  const required = json !== undefined && !json.safeParse({}).success;
  return { required, content };
}

function form(options: z.ZodType, schemas: ComponentSchemas): Node {
  const properties = {
    archive: { description: 'A tar, gzipped or not.', contentMediaType: 'application/octet-stream' },
    options: schemas.schemaOf(options, 'input'),
  };
  return {
    schema: { type: 'object', properties, additionalProperties: false },
    encoding: { archive: { contentType: 'application/octet-stream' }, options: { contentType: 'application/json' } },
  };
}

function mediaType(schema: Node, example: unknown): Node {
  return example === undefined ? { schema } : { schema, example };
}
