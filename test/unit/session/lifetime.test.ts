import { describe, expect, it } from '@jest/globals';
import { nextDeadline } from '../../../src/session/lifetime.js';

const rules = { idleMs: 30, detachGraceMs: 15, maxLifetimeMs: 1_000 };

describe('nextDeadline', () => {
  it.each([
    ['idle, while nothing else comes first', { createdAt: 0, activeAt: 100, detachedAt: null }, 130, 'idle'],
    ['the grace after the owner left', { createdAt: 0, activeAt: 100, detachedAt: 100 }, 115, 'detach_grace'],
    ['idle, where the owner left later', { createdAt: 0, activeAt: 100, detachedAt: 120 }, 130, 'idle'],
    ['the longest life, however active', { createdAt: 0, activeAt: 990, detachedAt: null }, 1_000, 'max_lifetime'],
    ['the longest life, on a tie', { createdAt: 0, activeAt: 970, detachedAt: 985 }, 1_000, 'max_lifetime'],
  ])('is %s', (_name, facts, at, reason) => {
    expect(nextDeadline(rules, facts)).toEqual({ at, reason });
  });
});
