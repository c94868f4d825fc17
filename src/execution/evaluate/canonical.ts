/**
 * One text for each value, the same for two values exactly where Python's == says that they are equal, with two
 * differences: a bool equals bools alone, and nan equals nan. Pure.
 */
import type { Value } from './tagged-value.js';

/** Null where it holds something that was cut, which equals nothing. */
export function canonical(value: Value): string | null {
  switch (value.kind) {
    case 'none':
      return 'N';
    case 'bool':
      return value.value ? 'T' : 'F';
    case 'int':
      return value.value.toString(16);
    case 'float':
      return floatText(value.value);
    case 'complex':
      // A complex number without an imaginary part equals a real one.
      return value.im === 0 ? floatText(value.re) : `j(${floatText(value.re)},${floatText(value.im)})`;
    case 'str':
      return JSON.stringify(value.value);
    case 'bytes':
      return `b"${value.base64}"`;
    case 'list':
      return enclosed('[', value.items.map(canonical), ']');
    case 'tuple':
      return enclosed('(', value.items.map(canonical), ')');
    case 'set':
    case 'frozenset':
      return enclosed('{', [...new Set(value.items.map(canonical))].sort(), '}');
    case 'dict':
      return dictText(value.entries);
    case 'opaque':
      return value.cut ? null : `o${JSON.stringify([value.type, value.repr])}`;
  }
}

/** Whole floats as the integer that they equal, in the same digits. */
function floatText(value: number): string {
  return Number.isInteger(value) ? BigInt(value).toString(16) : `f${value}`;
}

function enclosed(open: string, parts: readonly (string | null)[], close: string): string | null {
  return parts.includes(null) ? null : `${open}${parts.join(',')}${close}`;
}

/** Of several entries of one key the last one counts. */
function dictText(entries: readonly (readonly [Value, Value])[]): string | null {
  const byKey = new Map<string, string>();
  for (const [key, item] of entries) {
    const [name, content] = [canonical(key), canonical(item)];
    if (name === null || content === null) return null;
    byKey.set(name, content);
  }
  const texts = [...byKey].map(([name, content]) => `${name}:${content}`).sort();
  return `d{${texts.join(',')}}`;
}
