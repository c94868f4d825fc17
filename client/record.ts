/** A look into JSON of unknown shape, for a client that brings no validation library along. */

/** The value as an object with string keys, or null where it is none. */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> | null {
  // Every object that is no array has string keys of unknown values.
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}
