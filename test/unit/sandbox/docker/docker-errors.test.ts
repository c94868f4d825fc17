import { describe, expect, it } from '@jest/globals';
import { RunnerError } from '../../../../src/errors.js';
import { translateDockerError } from '../../../../src/sandbox/docker/docker-errors.js';

const refusal = (statusCode: number, message: string) => Object.assign(new Error(message), { statusCode });
const errno = (code: string) => Object.assign(new Error('connect'), { code });

describe('translateDockerError', () => {
  it.each([
    ['a daemon that is away', errno('ECONNREFUSED'), 'driver_unavailable', 'ECONNREFUSED'],
    ['a socket that is not there', errno('ENOENT'), 'driver_unavailable', 'ENOENT'],
    ['no answer in time', new DOMException('no answer within 5 ms', 'TimeoutError'), 'driver_unavailable', 'answer'],
    ['a missing image', refusal(404, 'No such image: x'), 'driver_unavailable', 'npm run images'],
    ['a stopping daemon', refusal(503, 'shutting down'), 'driver_unavailable', 'stopping'],
    ['a conflict', refusal(409, 'name in use'), 'sandbox_failed', 'name in use'],
    ['a failure', refusal(500, 'OCI runtime'), 'sandbox_failed', 'OCI runtime'],
    ['a thing that is no error', 'boom', 'driver_unavailable', 'boom'],
  ])('says what %s means', (_name, thrown, code, words) => {
    const error = translateDockerError(thrown, 'creating a container');
    expect(error.code).toBe(code);
    expect(error.message).toContain(words);
    expect(error.cause).toBe(thrown);
    expect(error.retryable).toBe(true);
  });

  it('leaves a RunnerError as it is', () => {
    const error = new RunnerError('draining', 'x');
    expect(translateDockerError(error, 'y')).toBe(error);
  });
});
