/** A JSON object of the OpenAPI document. */
export type Node = Record<string, unknown>;
