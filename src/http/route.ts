/** One call of the API: what serves it, and what the OpenAPI document says of it. */
import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { ErrorCode } from '../errors.js';

export interface Route {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** In express' form, e.g. `/repl/:id`; `*name` stands for the rest of a path. */
  readonly path: string;
  /** Its name in the OpenAPI document, and of the method in `client/python`. */
  readonly operationId: string;
  readonly tag: RouteTag;
  readonly summary: string;
  /** Markdown. */
  readonly description?: string;
  /** Probes need no token. */
  readonly open?: boolean;
  readonly query?: z.ZodType;
  readonly body?: RouteBody;
  readonly answer: RouteAnswer;
  /** Another answer that is no error in the API's shape. */
  readonly otherAnswer?: RouteAnswer;
  /** What may go wrong, beside what may with every call of this kind (`openapi/error-responses`). */
  readonly errors?: readonly ErrorCode[];
  handle(request: Request, response: Response): Promise<void> | void;
}

/** What calls are grouped by in the document. */
export const routeTags = {
  Sessions: 'Start, inspect and end REPLs.',
  Terminal: "A session's terminal, for those who are not attached to it by websocket.",
  Files: "A session's workspace.",
  Execution: 'Programs beside the REPL, and grading.',
  Runner: 'What this replica is and how it fares.',
} as const;

export type RouteTag = keyof typeof routeTags;

export interface RouteAnswer {
  readonly status: number;
  readonly description?: string;
  /** Of a JSON answer. */
  readonly schema?: z.ZodType;
  /** Of an answer that is not JSON, or of other forms of it. */
  readonly contentType?: string | readonly string[];
  /** Whether it names the new resource in `Location`. */
  readonly location?: boolean;
  readonly example?: unknown;
}

/** At least one of `json` and `octets`. */
export interface RouteBody {
  readonly json?: z.ZodType;
  /** Present where archives are taken as well: the schema of the form's `options` part. */
  readonly formOptions?: z.ZodType;
  /** Media types of raw octets that are taken. */
  readonly octets?: readonly string[];
  /** Of the JSON form. */
  readonly example?: unknown;
}
