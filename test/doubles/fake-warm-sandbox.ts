/** A warm sandbox without a sandbox: a connection to an AgentDouble, and an end that a test decides. */
import { AgentConnection } from '../../src/agent/agent-connection.js';
import type { Language } from '../../src/language/language.js';
import type { WarmSandbox } from '../../src/pool/warm-sandbox.js';
import { defaultLimits } from '../../src/sandbox/limits.js';
import type { Sandbox, SandboxEnd } from '../../src/sandbox/sandbox.js';
import { AgentDouble, waitingState } from './agent-double.js';
import { RecordingListener } from './recording-listener.js';
import { streamPair } from './stream-pair.js';

export const fakeLanguage: Language = {
  name: 'python',
  title: 'Python',
  image: 'python',
  repl: ['python3'],
  env: {},
  run: null,
  startupHook: null,
  hostPrograms: [],
  version: ['python3', '--version'],
};

export class FakeWarmSandbox implements WarmSandbox {
  readonly #streams = streamPair();
  readonly agent = new AgentDouble(this.#streams[1]);
  readonly connection = new AgentConnection(this.#streams[0], new RecordingListener());
  readonly state = waitingState;
  readonly sandbox: Sandbox;
  /** How often it was asked to go. */
  destroyed = 0;
  /** What `destroy` rejects with, where it does. */
  destroyError: Error | null = null;
  #end: (end: SandboxEnd) => void = () => undefined;

  constructor(number = 1) {
    const ended = new Promise<SandboxEnd>((resolve) => {
      this.#end = resolve;
    });
    const uuid = (digit: string): string => `a.${digit.repeat(8)}-0000-4000-8000-${String(number).padStart(12, '0')}`;
    const identity = { sessionId: uuid('1'), viewId: uuid('2'), replica: 'a' };
    this.sandbox = {
      spec: { identity, language: fakeLanguage, limits: defaultLimits, orphanSeconds: 300 },
      outlivesRunner: false,
      stream: this.#streams[0],
      ended,
      destroy: () => {
        this.destroyed += 1;
        if (this.destroyError !== null) return Promise.reject(this.destroyError);
        this.end('destroyed');
        return Promise.resolve();
      },
    };
  }

  /** The sandbox is gone. */
  end(reason: string): void {
    this.#end({ exitCode: null, outOfMemory: false, reason });
    this.agent.die();
  }
}
