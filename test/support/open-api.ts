/** An OpenAPI document as the tests read it: its operations, and validators of the schemas in it. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

export interface Operation {
  readonly operationId: string;
  readonly method: string;
  readonly path: string;
  readonly tags: readonly string[];
  readonly security: readonly unknown[];
  readonly parameters: readonly { readonly in?: string; readonly name?: string; readonly required?: boolean }[];
  readonly requestBody?: { readonly required: boolean; readonly content: Readonly<Record<string, MediaType>> };
  readonly responses: Readonly<Record<string, OperationResponse>>;
}

export interface OperationResponse {
  readonly description: string;
  readonly headers?: Readonly<Record<string, { readonly $ref: string }>>;
  readonly content?: Readonly<Record<string, MediaType>>;
}

interface MediaType {
  readonly schema: Readonly<Record<string, unknown>>;
  readonly example?: unknown;
}

type Paths = Record<string, Record<string, Omit<Operation, 'method' | 'path'>>>;

const base = 'https://repl.invalid/openapi.json';

export class OpenApi {
  readonly operations: readonly Operation[];
  readonly #ajv: Ajv2020;
  readonly #methods = new Map<string, { path: string; method: string }>();

  constructor(readonly document: Readonly<Record<string, unknown>>) {
    this.operations = Object.entries(document.paths as Paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ ...operation, method, path })),
    );
    for (const { operationId, path, method } of this.operations) this.#methods.set(operationId, { path, method });
    this.#ajv = new Ajv2020({ strict: true, strictTypes: false, allErrors: true });
    formats.default(this.#ajv);
    // Only the schemas in it are looked at, by reference.
    this.#ajv.addVocabulary(Object.keys(document));
    this.#ajv.addSchema({ ...document, $id: base }, base, false, false);
  }

  /** A validator of the schema at this place in an operation. */
  validator(operationId: string, place: readonly string[]): ValidateFunction {
    const { path, method } = this.#methods.get(operationId) ?? { path: '', method: '' };
    return this.#at(['paths', path, method, ...place]);
  }

  /** A validator of the body's JSON, where the call takes any. */
  bodyValidator({ operationId, requestBody }: Operation): ValidateFunction | null {
    if (requestBody?.content['application/json'] === undefined) return null;
    return this.validator(operationId, ['requestBody', 'content', 'application/json', 'schema']);
  }

  /** Whether a header may have this value; null stands for none. */
  headerAllows(reference: string, value: string | null): boolean {
    const place = reference.slice('#/'.length).split('/');
    const headers = (this.document.components as { headers: Record<string, { required?: boolean }> }).headers;
    if (value === null) return headers[place.at(-1) ?? '']?.required !== true;
    return this.#at([...place, 'schema'])(value);
  }

  #at(place: readonly string[]): ValidateFunction {
    const pointer = place.map((step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1')));
    return this.#ajv.compile({ $ref: `${base}#/${pointer.join('/')}` });
  }
}
