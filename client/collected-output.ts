/** Gathers what a run says for a caller that waits for its end, and puts it into the result. */
import type { RunListener } from './run-events.js';
import type { RunOutput, RunResult, RunStep } from './run-result.js';

type Name = 'stdout' | 'stderr' | 'buildStdout' | 'buildStderr';

export class CollectedOutput {
  readonly #pieces: Record<Name, Uint8Array[]> = { stdout: [], stderr: [], buildStdout: [], buildStderr: [] };

  readonly listener: RunListener = {
    onStdout: this.#into('stdout'),
    onStderr: this.#into('stderr'),
    onBuildStdout: this.#into('buildStdout'),
    onBuildStderr: this.#into('buildStderr'),
  };

  /** The result with all that came. */
  in(result: RunResult): RunResult {
    const { build } = result;
    return {
      ...this.#filled(result, 'stdout', 'stderr'),
      build: build === null ? null : this.#filled(build, 'buildStdout', 'buildStderr'),
    };
  }

  #into(name: Name): (data: Uint8Array) => void {
    return (data) => {
      this.#pieces[name].push(data);
    };
  }

  #filled<Step extends RunStep>(step: Step, stdout: Name, stderr: Name): Step {
    return { ...step, stdout: this.#whole(step.stdout, stdout), stderr: this.#whole(step.stderr, stderr) };
  }

  #whole({ truncated }: RunOutput, name: Name): RunOutput {
    const pieces = this.#pieces[name];
    const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const piece of pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return { bytes, text: new TextDecoder().decode(bytes), truncated };
  }
}
