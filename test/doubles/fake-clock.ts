/** Fakes the clock and the timers that wait for it, and leaves alone what streams and promises run on. */
import { jest } from '@jest/globals';

export function useFakeClock(): void {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'clearImmediate', 'queueMicrotask'], now: 1_000_000 });
}
