/**
 * Reads the variables of one prefix by a table of settings, for runner, proxy and guard alike. It reports all problems
 * together, unknown names among them; what the values become, and the rules between them, is its caller's.
 */
import { nearestName } from './nearest-name.js';
import type { Setting } from './setting.js';

export type Environment = Readonly<Record<string, string | undefined>>;
export type SettingsTable = Readonly<Record<string, Setting<unknown>>>;
export type ValuesOf<Table extends SettingsTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Setting<infer T> ? T : never;
};

/** A bad value is reported and replaced by its default, so that the rules between settings can still be checked. */
export function readSettings<Table extends SettingsTable>(
  env: Environment,
  { prefix, settings }: { readonly prefix: string; readonly settings: Table },
): { readonly values: ValuesOf<Table>; readonly problems: string[] } {
  const problems = unknownNames(env, prefix, Object.keys(settings));
  const entries = Object.entries(settings).map(([name, { fallback, allowed, secret, schema }]) => {
    const given = env[`${prefix}${name}`]?.trim() ?? '';
    const read = schema.safeParse(given === '' ? fallback : given);
    if (read.success) return [name, read.data];
    const value = secret ? 'has a value that' : `is "${given.slice(0, 100)}", which`;
    problems.push(`${prefix}${name} ${value} is not allowed; allowed: ${allowed}`);
    return [name, schema.parse(fallback)];
  });
  // Object.fromEntries forgets which name has which type; every name of the table is there with its own schema's type.
  return { values: Object.fromEntries(entries) as ValuesOf<Table>, problems };
}

function unknownNames(env: Environment, prefix: string, names: readonly string[]): string[] {
  const known = names.map((name) => `${prefix}${name}`);
  return Object.keys(env)
    .filter((name) => name.startsWith(prefix) && !known.includes(name))
    .map((name) => {
      const meant = nearestName(name, known);
      return `${name} is not a setting${meant === null ? '' : `; did you mean ${meant}?`}`;
    });
}
