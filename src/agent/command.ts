/** How every driver starts the agent: the same argv inside the sandbox, whatever the sandbox is. */
import { randomUUID } from 'node:crypto';
import type { SandboxSpec } from '../sandbox/sandbox.js';

/** Where the agent and the languages' hooks lie inside every sandbox, read-only. */
export const agentFolder = '/opt/repl_runner';

/** Environment of every process of the user, beside what the driver gives to PID 1. */
export function userEnvironment({ language, limits }: SandboxSpec): Record<string, string> {
  // Numeric libraries start one thread a core of the host unless told.
  const threads = String(Math.max(1, Math.ceil(limits.cpus)));
  const variables = ['OPENBLAS_NUM_THREADS', 'OMP_NUM_THREADS', 'MKL_NUM_THREADS'];
  return { ...Object.fromEntries(variables.map((name) => [name, threads])), ...language.env };
}

/**
 * argv of PID 1 of a sandbox. The one JSON argument is described at the top of images/agent/agent.py; it holds no
 * secret, since sandboxed code may read it.
 */
export function agentCommand(spec: SandboxSpec): string[] {
  const settings = {
    epoch: randomUUID(),
    repl: spec.language.repl,
    env: userEnvironment(spec),
    hook: spec.language.startupHook,
    orphan_seconds: spec.orphanSeconds,
  };
  return ['python3', '-I', '-S', '-u', `${agentFolder}/agent.py`, JSON.stringify(settings)];
}

/** argv that writes what Python compiles of the agent and the hooks to standard output: images/agent/image/compiled.py. */
export const compileCommand: readonly string[] = ['python3', '-I', '-S', `${agentFolder}/image/compiled.py`];
