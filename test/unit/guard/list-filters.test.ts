import { describe, expect, it } from '@jest/globals';
import { forcedFilters } from '../../../guard/list-filters.js';

describe('forcedFilters', () => {
  it('adds our labels to whatever labels are asked for', () => {
    expect(forcedFilters('a', undefined)).toBe('{"label":["repl_runner=1","repl_runner.deployment=a"]}');
    expect(forcedFilters('a', '{"label":["repl_runner"]}')).toBe(
      '{"label":["repl_runner=1","repl_runner.deployment=a","repl_runner"]}',
    );
    const own = '{"label":["repl_runner.replica=a-b"]}';
    expect(forcedFilters('a', own)).toBe(
      '{"label":["repl_runner=1","repl_runner.deployment=a","repl_runner.replica=a-b"]}',
    );
  });

  it.each([
    '{"label":["com.docker.compose.project=web"]}',
    '{"label":{"repl_runner":true}}',
    '{"label":[],"status":["running"]}',
    '{"name":["web"]}',
    '{"label":[["repl_runner"]]}',
    '["repl_runner"]',
    'null',
    'x',
    '',
  ])('refuses %s', (text) => {
    expect(() => forcedFilters('a', text)).toThrow('filters');
  });
});
