/** One call of the API: what serves it, and what the OpenAPI document says of it. */
import type { Request, Response } from 'express';
import type { z } from 'zod';

export interface Route {
  readonly method: 'get' | 'post' | 'delete';
  /** In express' form, e.g. `/repl/:id`. */
  readonly path: string;
  readonly summary: string;
  /** Probes need no token. */
  readonly open?: boolean;
  readonly query?: z.ZodType;
  readonly body?: RouteBody;
  readonly answer: { readonly status: number; readonly schema?: z.ZodType; readonly contentType?: string };
  handle(request: Request, response: Response): Promise<void> | void;
}

export interface RouteBody {
  readonly json: z.ZodType;
  /** Present where archives are taken as well: the schema of the form's `options` part. */
  readonly formOptions?: z.ZodType;
}
