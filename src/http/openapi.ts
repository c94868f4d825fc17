/** Makes the OpenAPI 3.1 document from the routes and the schemas that validate their requests. */
import { z } from 'zod';
import type { Route, RouteBody } from './route.js';
import { errorSchema } from './schemas.js';
import { archiveTypes } from './upload.js';

/** A JSON object of the document. */
type Node = Record<string, unknown>;

export function openApiDocument(routes: readonly Route[], sha: string): Node {
  const paths: Record<string, Node> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'repl_runner', version: sha, description: 'A fresh, sandboxed, genuine REPL for every POST /repl.' },
    paths,
    components: {
      schemas: { Error: jsonSchema(errorSchema, 'output') },
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  };
}

function operation(route: Route): Node {
  const { status, schema, contentType } = route.answer;
  const content =
    schema === undefined
      ? contentOf(contentType, { type: 'string' })
      : contentOf('application/json', jsonSchema(schema, 'output'));
  return {
    summary: route.summary,
    ...(route.open === true ? {} : { security: [{ token: [] }] }),
    parameters: [...pathParameters(route.path), ...queryParameters(route.query)],
    ...(route.body === undefined ? {} : { requestBody: { content: requestContent(route.body) } }),
    responses: {
      [status]: { description: 'Done.', ...content },
      default: {
        description: 'An error.',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
  };
}

function contentOf(type: string | undefined, schema: Node): Node {
  return type === undefined ? {} : { content: { [type]: { schema } } };
}

function requestContent({ json, formOptions }: RouteBody): Node {
  const content: Node = { 'application/json': { schema: jsonSchema(json, 'input') } };
  if (formOptions === undefined) return content;
  for (const type of Object.keys(archiveTypes)) content[type] = { schema: {} };
  const archive = { contentMediaType: 'application/octet-stream' };
  const properties = { archive, options: jsonSchema(formOptions, 'input') };
  content['multipart/form-data'] = { schema: { type: 'object', properties, additionalProperties: false } };
  return content;
}

function pathParameters(path: string): Node[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters(query: z.ZodType | undefined): Node[] {
  if (query === undefined) return [];
  const { properties = {} } = z.toJSONSchema(query, { io: 'input' });
  // Needed beside an archive only, therefore never required.
  return Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', required: false, schema }));
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Node {
  const { $schema: _version, ...rest } = z.toJSONSchema(schema, { io });
  return rest;
}
