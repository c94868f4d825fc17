/**
 * The start-up code that runs a file in the REPL's own namespace, so that its names stay live, and its tracebacks name the
 * file and the line. Pure.
 */

/** @param path in the workspace */
export function runCode(path: string): string {
  const file = JSON.stringify(`/sandbox/${path}`);
  // A traceback begins with the file, not with this code. What ends a program ends no REPL.
  return `print("\\x1b[90m# " + ${file} + "\\x1b[0m")
try:
    exec(compile(open(${file}, "rb").read(), ${file}, "exec"))
except SystemExit as _exit:
    print("\\x1b[90m# exit", _exit.code, "\\x1b[0m")
except BaseException as _error:
    _error = _error.with_traceback(_error.__traceback__.tb_next)
    __import__("sys").excepthook(type(_error), _error, _error.__traceback__)
`;
}

/** The path in the workspace that a traceback names, or null for other files. */
export function workspacePath(path: string): string | null {
  if (path.startsWith('/sandbox/')) return path.slice('/sandbox/'.length);
  return path.startsWith('/') ? null : path;
}
