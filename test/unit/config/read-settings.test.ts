import { describe, expect, it } from '@jest/globals';
import { readSettings } from '../../../src/config/read-settings.js';
import { optional, text, wholeNumber } from '../../../src/config/setting.js';

const table = {
  prefix: 'SOME_',
  settings: {
    PORT: wholeNumber({ min: 0, max: 9 }, { fallback: '4', meaning: 'a port' }),
    MOST: optional(wholeNumber({ min: 1, max: 9 }, { fallback: '', meaning: 'a bound' })),
    TOKEN: text(/^[a-z]{8}$/, { fallback: '', meaning: 'a secret', allowed: '8 of a-z', secret: true }),
  },
};

describe('readSettings', () => {
  it('takes what is not set, or set to nothing, as its default', () => {
    expect(readSettings({ SOME_PORT: ' ', OTHER_PORT: '99' }, table)).toEqual({
      values: { PORT: 4, MOST: null, TOKEN: null },
      problems: [],
    });
  });

  it('names every problem, the name that was meant, and no secret', () => {
    const { values, problems } = readSettings(
      { SOME_PROT: '5', SOME_THING_ELSE: '', SOME_MOST: '10', SOME_TOKEN: 'hunter2' },
      table,
    );
    expect(values).toEqual({ PORT: 4, MOST: null, TOKEN: null });
    expect(problems).toEqual([
      'SOME_PROT is not a setting; did you mean SOME_PORT?',
      'SOME_THING_ELSE is not a setting',
      'SOME_MOST is "10", which is not allowed; allowed: a whole number from 1 to 9',
      'SOME_TOKEN has a value that is not allowed; allowed: 8 of a-z',
    ]);
  });
});
