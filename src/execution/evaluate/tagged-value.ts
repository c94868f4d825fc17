/**
 * Values of a program as tagged JSON (docs/api.md lists the tags), read into a form that can be compared. The other end
 * is images/agent/repl_evaluate/tagged.py. It refuses what is malformed or beyond the bounds, from whomever it comes.
 */

export type Value =
  | { readonly kind: 'none' }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'complex'; readonly re: number; readonly im: number }
  | { readonly kind: 'str'; readonly value: string }
  /** Octets in base64 with padding, so that equal octets are equal texts. */
  | { readonly kind: 'bytes'; readonly base64: string }
  | { readonly kind: 'list' | 'tuple' | 'set' | 'frozenset'; readonly items: readonly Value[] }
  | { readonly kind: 'dict'; readonly entries: readonly (readonly [Value, Value])[] }
  /** What has no form of its own; `cut` says that not even its repr is whole. */
  | { readonly kind: 'opaque'; readonly type: string; readonly repr: string; readonly cut: boolean };

/** Not tagged JSON, or too much of it; the message says why. */
export class TaggedValueError extends Error {
  override readonly name = 'TaggedValueError';
}

/** A little more than the sandbox's end allows itself, since the wrapping of tags counts here as well. */
const maxDepth = 80;
const maxNodes = 250_000;
/** Decimal digits and signs, as Python itself writes them; longer ones come in hexadecimal. */
const maxDecimalLength = 4_301;
const decimal = /^-?\d+$/;
const hexadecimal = /^(-?)(0x[0-9a-f]+)$/;
const finiteFloat = /^-?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;
const specialFloats: ReadonlyMap<unknown, number> = new Map([
  ['nan', NaN],
  ['inf', Infinity],
  ['-inf', -Infinity],
]);

/** Reads JSON that was parsed already. Throws TaggedValueError. */
export function parseTagged(json: unknown): Value {
  return new Parser().parse(json, maxDepth);
}

class Parser {
  #nodes = 0;

  parse(json: unknown, depth: number): Value {
    this.#nodes += 1;
    if (this.#nodes > maxNodes) throw new TaggedValueError(`has more than ${maxNodes} parts`);
    if (depth === 0) throw new TaggedValueError(`is deeper than ${maxDepth}`);
    if (json === null) return { kind: 'none' };
    switch (typeof json) {
      case 'boolean':
        return { kind: 'bool', value: json };
      case 'number':
        return numberValue(json);
      case 'string':
        return { kind: 'str', value: json };
      case 'object':
        return Array.isArray(json)
          ? { kind: 'list', items: this.#items(json, depth) }
          : this.#object(Object.entries(json), depth);
      default:
        throw new TaggedValueError('is not JSON');
    }
  }

  #items(json: unknown, depth: number): Value[] {
    if (!Array.isArray(json)) throw new TaggedValueError('a tag needs a list');
    return json.map((item) => this.parse(item, depth - 1));
  }

  #object(fields: readonly [string, unknown][], depth: number): Value {
    const tag = fields.find(([name]) => name.startsWith('$'));
    if (tag !== undefined && fields.length === 1) return this.#tagged(tag, depth);
    if (tag !== undefined) throw new TaggedValueError('a tag stands alone in its object');
    const entries = fields.map(([name, item]): [Value, Value] => [
      { kind: 'str', value: name },
      this.parse(item, depth - 1),
    ]);
    return { kind: 'dict', entries };
  }

  #tagged([tag, content]: readonly [string, unknown], depth: number): Value {
    switch (tag) {
      case '$tuple':
      case '$set':
      case '$frozenset':
        return { kind: kinds[tag], items: this.#items(content, depth) };
      case '$dict':
        return { kind: 'dict', entries: this.#pairs(content, depth) };
      case '$int':
        return { kind: 'int', value: bigIntOf(content) };
      case '$float':
        return { kind: 'float', value: floatOf(content) };
      case '$complex':
        return this.#complex(content, depth);
      case '$bytes':
        return { kind: 'bytes', base64: base64Of(content) };
      case '$opaque':
        return opaqueOf(content);
      default:
        throw new TaggedValueError(`there is no tag ${tag.slice(0, 40)}`);
    }
  }

  #pairs(content: unknown, depth: number): (readonly [Value, Value])[] {
    if (!Array.isArray(content)) throw new TaggedValueError('$dict needs a list of pairs');
    return content.map((pair) => {
      const [key, item, ...more] = this.#items(pair, depth);
      if (key === undefined || item === undefined || more.length > 0) {
        throw new TaggedValueError('$dict needs a list of pairs');
      }
      return [key, item];
    });
  }

  #complex(content: unknown, depth: number): Value {
    const [re, im] = this.#items(content, depth).map((part) =>
      part.kind === 'float' ? part.value : part.kind === 'int' ? Number(part.value) : null,
    );
    if (typeof re !== 'number' || typeof im !== 'number') throw new TaggedValueError('$complex needs two numbers');
    return { kind: 'complex', re, im };
  }
}

const kinds = { $tuple: 'tuple', $set: 'set', $frozenset: 'frozenset' } as const;

function numberValue(value: number): Value {
  if (!Number.isFinite(value)) throw new TaggedValueError('a number is too large; write it as {"$float": "…"}');
  if (!Number.isInteger(value)) return { kind: 'float', value };
  if (!Number.isSafeInteger(value)) {
    throw new TaggedValueError('a whole number beyond 2^53 loses digits in JSON; write it as {"$int": "…"}');
  }
  return { kind: 'int', value: BigInt(value) };
}

function bigIntOf(content: unknown): bigint {
  if (typeof content === 'string') {
    if (content.length <= maxDecimalLength && decimal.test(content)) return BigInt(content);
    const [, sign, digits] = hexadecimal.exec(content) ?? [];
    if (digits !== undefined) return sign === '-' ? -BigInt(digits) : BigInt(digits);
  }
  throw new TaggedValueError('$int needs a text of decimal or 0x… digits');
}

function floatOf(content: unknown): number {
  const special = specialFloats.get(content);
  if (special !== undefined) return special;
  if (typeof content === 'string') {
    if (content.length <= 100 && finiteFloat.test(content)) return Number(content);
  }
  throw new TaggedValueError('$float needs a text such as 1.0, nan, inf or -inf');
}

function base64Of(content: unknown): string {
  const octets = typeof content === 'string' ? Buffer.from(content, 'base64') : null;
  if (octets === null || octets.toString('base64') !== content) throw new TaggedValueError('$bytes needs base64');
  return content;
}

function opaqueOf(content: unknown): Value {
  const fields = typeof content === 'object' && content !== null ? Object.entries(content) : [];
  const { type, repr, cut = false } = Object.fromEntries(fields) as Record<string, unknown>;
  if (typeof type !== 'string' || typeof repr !== 'string' || typeof cut !== 'boolean') {
    throw new TaggedValueError('$opaque needs a type and a repr');
  }
  return { kind: 'opaque', type, repr, cut };
}
