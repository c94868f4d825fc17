/**
 * A driver whose sandboxes are MemoryAgents, so that what is measured is the runner's own bookkeeping. Its listings name every
 * one that lives, as a daemon's do.
 */
import type { FoundSandbox, Sandbox, SandboxDriver, SandboxEnd, SandboxSpec } from '../../../src/sandbox/sandbox.js';
import { MemoryAgent } from './memory-agent.js';

export class MemoryDriver implements SandboxDriver {
  readonly name = 'docker';
  readonly sandboxesOutliveRunner = true;
  readonly #living = new Map<string, FoundSandbox>();

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  knownWeaknesses(): readonly [] {
    return [];
  }

  create(spec: SandboxSpec): Promise<Sandbox> {
    const { sessionId } = spec.identity;
    const stream = new MemoryAgent();
    const destroy = (): Promise<void> => {
      this.#living.delete(sessionId);
      stream.destroy();
      return Promise.resolve();
    };
    this.#living.set(sessionId, {
      spec,
      createdAt: new Date(),
      dead: false,
      reattach: refuse,
      listen: refuse,
      destroy,
    });
    const ended = new Promise<SandboxEnd>((resolve) => {
      stream.once('close', () => {
        resolve({ exitCode: null, outOfMemory: false, reason: 'destroyed' });
      });
    });
    return Promise.resolve({ spec, outlivesRunner: false, stream, ended, destroy });
  }

  list(): Promise<readonly FoundSandbox[]> {
    return Promise.resolve([...this.#living.values()]);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function refuse(): Promise<never> {
  return Promise.reject(new Error('nobody left this sandbox'));
}
