import { describe, expect, it } from '@jest/globals';
import { tracebackLocations } from '../../../../client/browser/traceback-location.js';

describe('tracebackLocations', () => {
  it('finds the file and the line', () => {
    const text = '  File "/sandbox/pkg/a b.py", line 12, in f';
    expect(tracebackLocations(text)).toEqual([{ path: '/sandbox/pkg/a b.py', line: 12, start: 2, end: 37 }]);
  });

  it('passes over what is no file', () => {
    expect(tracebackLocations('  File "<stdin>", line 1, in <module>')).toEqual([]);
    expect(tracebackLocations('File "a.py", line x')).toEqual([]);
  });
});
