/** Which paths name something in a workspace: those of an archive, in the words of a call on one file. Pure. */
import { RunnerError } from '../errors.js';
import { safePath, shownName } from './safe-path.js';

/** Names that the agent gives to what it has in the workspace for a moment. */
const agentsOwn = '.repl_runner-';

/** The normalised form; '' is the workspace itself. Throws RunnerError `path_unsafe` or `path_invalid`. */
export function folderPath(raw: string, maxDepth: number): string {
  const path = raw === '' ? '' : checked(raw, maxDepth);
  if (!path.split('/').some((segment) => segment.startsWith(agentsOwn))) return path;
  throw pathError('path_invalid', raw, `names that begin with ${agentsOwn} are the runner's own`);
}

/** The same for something in the workspace. */
export function filePath(raw: string, maxDepth: number): string {
  const path = folderPath(raw, maxDepth);
  if (path === '') throw pathError('path_invalid', raw, 'it names the workspace itself');
  return path;
}

function checked(raw: string, maxDepth: number): string {
  try {
    return safePath(raw, maxDepth);
  } catch (error) {
    if (!(error instanceof RunnerError)) throw error;
    const { reason } = error.context;
    const said = typeof reason === 'string' && reason !== 'depth' ? reason : `it is deeper than ${maxDepth} folders`;
    throw pathError(error.code === 'archive_unsafe' ? 'path_unsafe' : 'path_invalid', raw, said);
  }
}

function pathError(code: 'path_unsafe' | 'path_invalid', raw: string, reason: string): RunnerError {
  const path = shownName(raw);
  return new RunnerError(code, `The path "${path}" is refused: ${reason}.`, { context: { path, reason } });
}
