/** The parameters of a call: those in its path, its query, and the header that every call takes. */
import type { Route } from '../route.js';
import type { ComponentSchemas } from './component-schemas.js';
import type { Node } from './node.js';

/** The path in the document's form: `/repl/:id` as `/repl/{id}`, the rest of a path likewise. */
export function documentPath(path: string): string {
  return path.replace(/[:*](\w+)/g, '{$1}');
}

export function parametersOf(route: Route, schemas: ComponentSchemas): Node[] {
  return [
    ...pathParameters(route.path),
    ...queryParameters(route, schemas),
    { $ref: '#/components/parameters/RequestId' },
  ];
}

function pathParameters(path: string): Node[] {
  return [...path.matchAll(/([:*])(\w+)/g)].map(([, kind, name]) =>
    kind === ':' && name === 'id'
      ? { $ref: '#/components/parameters/SessionId' }
      : { name, in: 'path', required: true, schema: { type: 'string' }, ...(kind === '*' ? restOfPath : {}) },
  );
}

const restOfPath = {
  description:
    "A path in the workspace, such as `package/module.py`. Its slashes are the URL's own; all else is encoded.",
};

function queryParameters({ query, body }: Route, schemas: ComponentSchemas): Node[] {
  if (query === undefined) return [];
  const { properties = {}, required = [] } = schemas.schemaOf(query, 'input');
  const needed = required as string[];
  // Beside an archive only, since JSON and forms have them in the body.
  const besideArchive = body?.formOptions !== undefined;
  return Object.entries(properties as Record<string, Node>).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    required: !besideArchive && needed.includes(name),
    ...(besideArchive ? { description: 'Beside an archive only.' } : {}),
    ...(typeof description === 'string' ? { description } : {}),
    schema,
  }));
}
