/** Whose call it is: noted once it is authorised, for the limits of each key and for the log. */
import type { Response } from 'express';
import { anonymous } from './api-keys.js';

export function noteCaller(response: Response, name: string): void {
  response.locals.caller = name;
}

/** The name of the key that the call was made with. */
export function callerOf(response: Response): string {
  const caller: unknown = response.locals.caller;
  return typeof caller === 'string' ? caller : anonymous;
}
