// The colours are in examples.css; the buttons are this page's.
const terminal = document.querySelector('repl-terminal');
document.querySelector('#start').addEventListener('click', () => terminal.start());
document.querySelector('#stop').addEventListener('click', () => terminal.interrupt());
