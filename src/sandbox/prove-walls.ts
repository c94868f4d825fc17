/**
 * Proves on this host that a driver's walls hold: runs images/agent/self_check.py inside a real sandbox, through the agent,
 * before any user's code gets in. It judges nothing by itself; `self-check` does.
 */
import { readFile } from 'node:fs/promises';
import type { AgentConnection } from '../agent/agent-connection.js';
import { userEnvironment } from '../agent/command.js';
import { RunnerError } from '../errors.js';
import { judgeSelfCheck, selfCheckArgument, type SelfCheckVerdict } from './self-check.js';
import type { SandboxSpec } from './sandbox.js';

const timeoutMs = 15_000;
const maxOutputBytes = 256 * 1024;

export interface Proof {
  readonly connection: AgentConnection;
  readonly spec: SandboxSpec;
  /** Path of self_check.py. */
  readonly program: string;
  /** Names of weaknesses that the operator accepts. */
  readonly accepted: readonly string[];
}

/** Throws RunnerError `driver_unavailable` when the check itself cannot be run. */
export async function proveWalls({ connection, spec, program, accepted }: Proof): Promise<SelfCheckVerdict> {
  const argv = [
    'python3',
    '-I',
    '-c',
    await readFile(program, 'utf8'),
    selfCheckArgument(spec.limits, Object.keys(userEnvironment(spec))),
  ];
  return judgeSelfCheck(await outputOf(connection, argv), accepted);
}

/** What a program prints in the sandbox. Throws RunnerError `driver_unavailable` when it does not end with exit code 0. */
export async function outputOf(connection: AgentConnection, argv: readonly string[]): Promise<string> {
  let output = '';
  let complaints = '';
  const result = await connection.spawn(
    {
      argv,
      env: {},
      stdin: null,
      onStdout: (data) => {
        if (output.length < maxOutputBytes) output += data.toString();
      },
      onStderr: (data) => {
        if (complaints.length < maxOutputBytes) complaints += data.toString();
      },
    },
    AbortSignal.timeout(timeoutMs),
  );
  if (result.exit_code === 0) return output;
  const why = complaints.trim().split('\n').at(-1) ?? '';
  const message = `${argv[0] ?? 'A program'} failed in the sandbox: ${why || 'it was killed'}.`;
  throw new RunnerError('driver_unavailable', message);
}
