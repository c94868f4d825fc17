import { describe, expect, it } from '@jest/globals';
import { refusalOf } from '../../../client/refusal.js';

describe('refusalOf', () => {
  it('keeps what the runner says, and when to come back', () => {
    const body = { error: { code: 'capacity_exhausted', message: 'Full.', retryable: true, context: {} } };
    expect(refusalOf(503, body, '7')).toMatchObject({
      code: 'capacity_exhausted',
      message: 'Full.',
      retryable: true,
      retryAfterSeconds: 7,
    });
  });

  it('gives the status where the answer is no error of a runner', () => {
    expect(refusalOf(502, null, null)).toMatchObject({ code: 'http_502', retryable: true });
    expect(refusalOf(404, { error: 'x' }, null)).toMatchObject({ code: 'http_404', retryable: false });
  });
});
