import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { asRunnerError } from '../../../src/agent/as-runner-error.js';
import { AgentRefusal } from '../../../src/agent/pending-requests.js';

describe('what an agent refuses, in the codes of the runner', () => {
  it('is one that clients know', () => {
    expect(asRunnerError(new AgentRefusal('disk_full', 'no room')).code).toBe('disk_full');
    expect(asRunnerError(new AgentRefusal('tired', 'it says so')).code).toBe('sandbox_failed');
  });

  it.each(['__proto__', 'constructor', 'toString'])('is the sandbox’s failure where it is called %s', (code) => {
    expect(asRunnerError(new AgentRefusal(code, 'it says so')).code).toBe('sandbox_failed');
  });

  it('is the sandbox’s failure where the answer has another shape than it must', () => {
    const { error } = z.object({ size: z.number() }).safeParse({});
    expect(asRunnerError(error).code).toBe('sandbox_failed');
  });
});
