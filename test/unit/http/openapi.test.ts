import { beforeAll, describe, expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import request from 'supertest';
import { z } from 'zod';
import { errorCodes } from '../../../src/errors.js';
import { ComponentSchemas } from '../../../src/http/openapi/component-schemas.js';
import { OpenApi } from '../../support/open-api.js';
import { answered, testApp } from '../../support/test-app.js';

let api: OpenApi;

beforeAll(async () => {
  const { body } = await answered(request(testApp().app).get('/openapi.json').expect(200));
  api = new OpenApi(body as Record<string, unknown>);
});

describe('The OpenAPI document', () => {
  it('is valid by the schema of OpenAPI 3.1', async () => {
    const validator = new Validator();
    expect(await validator.validate(structuredClone(api.document))).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
  });

  it('names each call once, in a way that programs can use', () => {
    const names = api.operations.map(({ operationId }) => operationId);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/);
  });

  it('groups every call under a tag that it explains', () => {
    const explained = (api.document.tags as { name: string }[]).map(({ name }) => name);
    expect(new Set(api.operations.flatMap(({ tags }) => tags))).toEqual(new Set(explained));
  });

  it('has schemas that a validator of JSON Schema 2020-12 can use, and refers to nothing that is not there', () => {
    for (const { operationId, responses, requestBody } of api.operations) {
      const places = [
        ...Object.entries(responses).flatMap(([status, { content = {} }]) =>
          Object.keys(content).map((type) => ['responses', status, 'content', type, 'schema']),
        ),
        ...Object.keys(requestBody?.content ?? {}).map((type) => ['requestBody', 'content', type, 'schema']),
      ];
      for (const place of places) expect(() => api.validator(operationId, place)).not.toThrow();
    }
  });

  it('has examples that its schemas allow', () => {
    const withExamples = api.operations.filter(({ requestBody }) => requestBody?.content['application/json']?.example);
    expect(withExamples.length).toBeGreaterThan(3);
    for (const { operationId, requestBody } of withExamples) {
      const validate = api.validator(operationId, ['requestBody', 'content', 'application/json', 'schema']);
      validate(requestBody?.content['application/json']?.example);
      expect({ operationId, errors: validate.errors }).toEqual({ operationId, errors: null });
    }
  });

  it('gives each status of an error the codes of that status', () => {
    for (const { operationId, responses } of api.operations) {
      for (const [status, response] of Object.entries(responses)) {
        for (const [, code = ''] of response.description.matchAll(/^`(\w+)`:/gm)) {
          expect({ operationId, code, status: errorCodes[code as keyof typeof errorCodes].status }).toEqual({
            operationId,
            code,
            status: Number(status),
          });
        }
      }
    }
  });

  it('asks for the token everywhere but at the probes', () => {
    const open = api.operations.filter(({ security }) => security.length === 0);
    expect(open.map(({ path }) => path).sort()).toEqual(['/alive', '/ready', '/sha']);
  });

  it("says the operator's bounds", () => {
    const { RequestedLimits } = (api.document.components as { schemas: Record<string, unknown> }).schemas;
    expect(RequestedLimits).toMatchObject({ properties: { memory_mib: { minimum: 48, maximum: 512 } } });
  });
});

describe('ComponentSchemas', () => {
  it('refuses two schemas of one name', () => {
    const schemas = new ComponentSchemas();
    schemas.schemaOf(z.array(z.object({ a: z.string() }).meta({ id: 'Thing' })), 'input');
    schemas.schemaOf(z.object({ a: z.string() }).meta({ id: 'Other' }), 'output');
    expect(() => schemas.schemaOf(z.object({ b: z.string() }).meta({ id: 'Thing' }), 'input')).toThrow('Thing');
  });
});
