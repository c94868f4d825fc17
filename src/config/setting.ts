/**
 * The kinds of settings: each reads one variable's text, says what it allows in words, and has a default in the same
 * text form, so that documentation and code share one table. No setting reads the environment itself.
 */
import { z } from 'zod';

export interface Setting<T> {
  /** What the variable would have to say to mean the default; '' means unset. */
  readonly fallback: string;
  /** What is allowed, as it completes "allowed: …". */
  readonly allowed: string;
  readonly meaning: string;
  /** True when no error may repeat the value. */
  readonly secret: boolean;
  readonly schema: z.ZodType<T, string>;
}

export interface Described {
  readonly fallback: string;
  readonly meaning: string;
}

/** Bounds of a number; both included. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** A setting whose text must match `schema`; unset means `fallback`. */
export function setting<T>(described: Described & { allowed: string; secret?: boolean }, schema: z.ZodType<T, string>) {
  const { fallback, meaning, allowed, secret = false } = described;
  return { fallback, meaning, allowed, secret, schema } satisfies Setting<T>;
}

export function wholeNumber(range: Range, described: Described): Setting<number> {
  return setting(
    { ...described, allowed: `a whole number from ${range.min} to ${range.max}` },
    numeric(/^\d+$/, range),
  );
}

/** A number that may have a fraction. */
export function decimal(range: Range, described: Described): Setting<number> {
  return setting(
    { ...described, allowed: `a number from ${range.min} to ${range.max}` },
    numeric(/^\d+(\.\d+)?$/, range),
  );
}

/** The setting, with null for when it is not set. */
export function optional<T>(base: Setting<T>): Setting<T | null> {
  const schema = z.union([z.literal('').transform(() => null), base.schema]);
  return { ...base, fallback: '', schema };
}

export function choice<const Choice extends string>(choices: readonly Choice[], described: Described): Setting<Choice> {
  return setting({ ...described, allowed: `one of ${choices.join(', ')}` }, z.enum(choices));
}

/** Text of one pattern; '' is null. */
export function text(pattern: RegExp, described: Described & { allowed: string; secret?: boolean }) {
  const schema = z.union([z.literal('').transform(() => null), z.string().regex(pattern)]);
  return setting<string | null>(described, schema);
}

/** Names with commas between them, spaces ignored; '' is an empty list. */
export function list(pattern: RegExp, described: Described & { allowed: string }): Setting<readonly string[]> {
  return setting(described, splitAtCommas.pipe(z.array(z.string().regex(pattern))));
}

/** Up to `most` secrets with commas between them, each as good as the others; '' is an empty list. */
export function secrets(most: number, described: Described): Setting<readonly string[]> {
  const allowed = `1 to ${most} secrets with commas between, each of 32 to 1024 printable ASCII characters without spaces and commas`;
  const schema = splitAtCommas.pipe(z.array(z.string().regex(/^[\x21-\x2b\x2d-\x7e]{32,1024}$/)).max(most));
  return setting({ ...described, allowed, secret: true }, schema);
}

/** The parts of a list with commas between them, spaces ignored. */
export const splitAtCommas = z.string().transform((value) =>
  value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);

function numeric(pattern: RegExp, { min, max }: Range) {
  return z.string().regex(pattern).transform(Number).pipe(z.number().min(min).max(max));
}
