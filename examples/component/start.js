// Files that can be imported, and code that has run before the first prompt.
const terminal = document.querySelector('repl-terminal');
terminal.sessionOptions = {
  files: { 'hiker.py': 'def answer():\n    return 6 * 7\n' },
  startup: 'from hiker import answer',
};
