import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { closeCodes } from '../../../proxy/close-codes.js';
import { proxyErrors } from '../../../proxy/proxy-error.js';
import { errorCodes } from '../../../src/errors.js';
import { closeCodes as runnerCloseCodes } from '../../../src/terminal/protocol.js';

describe('The codes of the proxy', () => {
  it("mean what the runner's mean", () => {
    expect(runnerCloseCodes).toMatchObject(closeCodes);
    const shared = Object.entries(proxyErrors).filter(([code]) => code in errorCodes);
    expect(shared.length).toBeGreaterThan(5);
    for (const [code, { status, retryable }] of shared) {
      expect(Object.entries(errorCodes)).toContainEqual([code, { status, retryable }]);
    }
  });

  it('are listed in docs/api.md with their close codes, in the order of the code', () => {
    const text = readFileSync(new URL('../../../docs/api.md', import.meta.url), 'utf8');
    const rows = [...text.matchAll(/^\| `(\w+)` +\| (\d{3}) +\| (\d{4}) +\| (yes|no) +\|/gm)];
    expect(rows.map(([, code, status, close, retryable]) => [code, Number(status), Number(close), retryable])).toEqual(
      Object.entries(proxyErrors).map(([code, { status, close, retryable }]) => [
        code,
        status,
        closeCodes[close],
        retryable ? 'yes' : 'no',
      ]),
    );
  });
});
