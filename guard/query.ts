/** Reads a query of which every parameter is known, stands there once, and has an allowed value. Pure. */
import { Refusal } from './refusal.js';

export type QueryRules = Readonly<Record<string, { readonly allowed: RegExp; readonly needed?: boolean }>>;

/** @param text what stands behind the question mark. Throws Refusal */
export function readQuery(text: string, rules: QueryRules): Record<string, string> {
  const found = new Map<string, string>();
  for (const part of text === '' ? [] : text.split('&')) {
    const [name = '', value = '', ...more] = part.split('=');
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    const read = decode(value);
    if (rule === undefined || found.has(name) || more.length > 0 || read === null || !rule.allowed.test(read)) {
      throw new Refusal(403, `The guard refuses this query; allowed are: ${Object.keys(rules).join(', ') || 'none'}.`);
    }
    found.set(name, read);
  }
  const missing = Object.entries(rules).find(([name, { needed }]) => needed === true && !found.has(name));
  if (missing !== undefined) throw new Refusal(403, `The guard needs the parameter ${missing[0]}.`);
  return Object.fromEntries(found);
}

/** null where it is not what a client of Docker writes. */
function decode(value: string): string | null {
  // In bytes as Node hands it over; anything beyond ASCII comes encoded.
  if (!/^[\x21-\x7e]*$/.test(value)) return null;
  try {
    return decodeURIComponent(value.replaceAll('+', ' '));
  } catch {
    return null;
  }
}
