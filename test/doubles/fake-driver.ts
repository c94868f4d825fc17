/** A driver whose every create gives the sandbox that a test has put there. */
import type { FoundSandbox, Sandbox, SandboxDriver, SandboxSpec } from '../../src/sandbox/sandbox.js';

export class FakeDriver implements SandboxDriver {
  readonly name = 'docker';
  readonly sandboxesOutliveRunner = true;
  readonly specs: SandboxSpec[] = [];

  constructor(private readonly sandbox: Sandbox) {}

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  knownWeaknesses(): readonly [] {
    return [];
  }

  create(spec: SandboxSpec): Promise<Sandbox> {
    this.specs.push(spec);
    return Promise.resolve(this.sandbox);
  }

  list(): Promise<readonly FoundSandbox[]> {
    return Promise.resolve([]);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
