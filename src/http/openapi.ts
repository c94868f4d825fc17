/**
 * Makes the OpenAPI 3.1 document from the routes and the schemas that validate their requests, so that it cannot say
 * anything else than they do.
 */
import { ComponentSchemas } from './openapi/component-schemas.js';
import type { Node } from './openapi/node.js';
import { operation } from './openapi/operation.js';
import { documentPath } from './openapi/parameters.js';
import { routeTags, type Route } from './route.js';
import { errorSchema } from './schemas.js';

const description = `A fresh, sandboxed, genuine REPL for every \`POST /repl\`.

JSON in, JSON out, keys in \`snake_case\`; the contents of archives are raw octets. Unknown fields are refused. Whoever knows a
session's \`id\` may type into it; its \`view_id\` can only look. Every GET answers HEAD too.

Decide by an error's \`code\`: its \`message\` is for people, and \`retryable\` tells whether the same request may succeed later.`;

const text = { type: 'string' };

export function openApiDocument(routes: readonly Route[], sha: string): Node {
  const schemas = new ComponentSchemas();
  const paths: Record<string, Node> = {};
  for (const route of routes) {
    const path = documentPath(route.path);
    paths[path] = { ...paths[path], [route.method]: operation(route, schemas) };
  }
  schemas.schemaOf(errorSchema, 'output');
  const used = new Set(routes.map(({ tag }) => tag));
  return {
    openapi: '3.1.0',
    info: { title: 'repl_runner', version: sha, description, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: '/', description: 'This replica.' }],
    tags: Object.entries(routeTags)
      .filter(([name]) => used.has(name as keyof typeof routeTags))
      .map(([name, meaning]) => ({ name, description: meaning })),
    paths,
    components: { schemas: schemas.all(), parameters, headers, securitySchemes },
  };
}

const parameters = {
  SessionId: {
    name: 'id',
    in: 'path',
    required: true,
    description: "A session's `id`, or its `view_id` where nothing is changed.",
    schema: text,
    example: 'runner-1.3f2b8c1e-9d4a-4b6f-8a7e-0123456789ab',
  },
  RequestId: {
    name: 'X-Request-Id',
    in: 'header',
    description:
      'Comes back in the answer and stands in log lines; another one is made up when it is not of this form.',
    schema: { ...text, pattern: '^[A-Za-z0-9._:+/=-]{1,128}$' },
  },
};

const headers = {
  RequestId: { description: "The caller's, or a new one.", required: true, schema: text },
  RetryAfter: { description: 'Seconds to wait.', required: true, schema: { ...text, pattern: '^[0-9]+$' } },
  Location: { description: 'Path of the new session.', required: true, schema: text },
  Authenticate: { description: 'What is missing.', required: true, schema: { ...text, const: 'Bearer' } },
};

const securitySchemes = {
  token: { type: 'http', scheme: 'bearer', description: 'Needed where `REPL_RUNNER_API_TOKEN` is set.' },
};
