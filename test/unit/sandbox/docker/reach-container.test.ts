import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { RunnerError } from '../../../../src/errors.js';
import { reachContainer } from '../../../../src/sandbox/docker/reach-container.js';

const away = new RunnerError('driver_unavailable', 'It does not answer.');

describe('reachContainer', () => {
  const answers: (boolean | Error)[] = [];
  const stopping = new AbortController();
  const daemon = {
    isRunning: () => {
      const answer = answers.shift() ?? away;
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  };
  const reach = (take: () => Promise<string>) => reachContainer(daemon, 'c', stopping.signal, take);

  beforeEach(() => {
    answers.length = 0;
  });

  it('waits for the daemon, and takes the container once it runs', async () => {
    answers.push(away, away, true);
    expect(await reach(() => Promise.resolve('taken'))).toBe('taken');
    expect(answers).toEqual([]);
  });

  it('tries again where the container could not be taken', async () => {
    answers.push(true, true);
    const take = jest.fn<() => Promise<string>>().mockRejectedValueOnce(away).mockResolvedValueOnce('taken');
    expect(await reach(take)).toBe('taken');
  });

  it('believes the daemon that the container does not run', async () => {
    answers.push(away, false);
    await expect(reach(() => Promise.resolve('taken'))).rejects.toMatchObject({ code: 'sandbox_failed' });
  });

  it('gives up when it is told to', async () => {
    const reaching = reach(() => Promise.resolve('taken'));
    stopping.abort();
    await expect(reaching).rejects.toMatchObject({ code: 'sandbox_failed' });
  });
});
