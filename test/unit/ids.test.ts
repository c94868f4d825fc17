import { describe, expect, it } from '@jest/globals';
import { maskId, newSessionId, parseSessionId } from '../../src/ids.js';

const uuid = '3f2b8c1e-9d4a-4b6f-8a7e-0123456789ab';

describe('session ids', () => {
  it('are new every time and say where the session lives', () => {
    const ids = new Set(Array.from({ length: 100 }, () => newSessionId('runner-1')));
    expect(ids.size).toBe(100);
    for (const id of ids) expect(parseSessionId(id)?.replica).toBe('runner-1');
  });

  it('are taken apart', () => {
    expect(parseSessionId(`a.${uuid}`)).toEqual({ replica: 'a', uuid });
  });

  it.each([
    '',
    uuid,
    `.${uuid}`,
    `a.${uuid}.b`,
    `A.${uuid}`,
    `a.${uuid.toUpperCase()}`,
    'a.b',
    `${'a'.repeat(41)}.${uuid}`,
    `a/b.${uuid}`,
  ])('are refused when malformed: %j', (id) => {
    expect(parseSessionId(id)).toBeNull();
  });

  it('are masked', () => {
    expect(maskId(`runner-1.${uuid}`)).toBe('runner-1.3f2b…');
    expect(maskId('secret')).toBe('?');
  });
});
