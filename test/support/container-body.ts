/** What the runner asks Docker for, as the driver builds it: for tests of who has to take it, or to refuse what is not it. */
import { agentCommand } from '../../src/agent/command.js';
import type { Language } from '../../src/language/language.js';
import { containerOptions } from '../../src/sandbox/docker/container-options.js';
import type { Limits } from '../../src/sandbox/limits.js';
import { seccompProfileText } from '../../src/sandbox/seccomp/seccomp-profile.js';
import { testDeployment } from './grounds.js';
import { specFor } from './make-driver.js';

export interface BodyOptions {
  readonly tag: string;
  readonly limits?: Partial<Limits>;
  readonly runtime?: string | null;
  readonly seccompProfile?: string | null;
  readonly autoRemove?: boolean;
  /** After which its agent ends it where no runner speaks to it. */
  readonly orphanSeconds?: number;
}

/** The name and the body of a creation. */
export function containerBody(options: BodyOptions) {
  const { tag, limits = {}, runtime = null, seccompProfile = seccompProfileText(), autoRemove = true } = options;
  const language: Language = {
    name: 'python',
    title: 'Python',
    image: `repl_runner/python:${tag}`,
    repl: ['python3'],
    run: null,
    env: { PYTHONDONTWRITEBYTECODE: '1' },
    startupHook: { variable: 'PYTHONSTARTUP', path: '/opt/repl_runner/hooks/python.py' },
    hostPrograms: [],
    version: [],
  };
  const made = specFor(language, limits);
  const spec = { ...made, orphanSeconds: options.orphanSeconds ?? made.orphanSeconds };
  const settings = {
    seccompProfile,
    runtime,
    deployment: testDeployment,
    command: agentCommand(spec),
    autoRemove,
    imageVariables: ['PATH', 'PYTHON_VERSION', 'GPG_KEY'],
  };
  const { name = '', ...body } = containerOptions(spec, settings);
  return { name, body };
}
