/**
 * Turns zod schemas into JSON Schema. Those with an `id` in their metadata become named components of the document, which
 * others refer to; two different schemas under one name are refused.
 */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Node } from './node.js';

const local = '#/$defs/';
const shared = '#/components/schemas/';

export class ComponentSchemas {
  readonly #components = new Map<string, Node>();

  /** @param io which side of a transformation is meant: what is sent to the runner, or what it sends */
  schemaOf(schema: z.ZodType, io: 'input' | 'output'): Node {
    const { $schema: _version, $defs = {}, ...rest } = z.toJSONSchema(schema, { io, override: withoutOwnFormats });
    for (const [name, component] of Object.entries($defs)) this.#add(name, pointedAtComponents(component));
    return pointedAtComponents(rest);
  }

  /** By name, in alphabetical order. */
  all(): Node {
    return Object.fromEntries([...this.#components].sort(([one], [other]) => (one < other ? -1 : 1)));
  }

  #add(name: string, component: Node): void {
    const known = this.#components.get(name);
    if (known !== undefined && !isDeepStrictEqual(known, component)) {
      throw new Error(`Two schemas are both named ${name}.`);
    }
    this.#components.set(name, component);
  }
}

/** JSON Schema has no format `base64`; contentEncoding and the pattern say it already. */
function withoutOwnFormats({ jsonSchema }: { jsonSchema: Node }): void {
  if (jsonSchema.format === 'base64') delete jsonSchema.format;
}

function pointedAtComponents(schema: unknown): Node {
  const replaced: unknown = JSON.parse(JSON.stringify(schema), (key, value: unknown) =>
    key === '$ref' && typeof value === 'string' ? value.replace(local, shared) : value,
  );
  return replaced as Node;
}
