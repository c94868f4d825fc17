const names = [
  ...['repl-phase', 'repl-start', 'repl-ready', 'repl-restart', 'repl-exit', 'repl-end'],
  ...['repl-error', 'repl-warning', 'repl-location', 'repl-title'],
];
const log = document.querySelector('#log');
for (const name of names) {
  document.addEventListener(name, ({ detail }) => {
    log.textContent += `${name} ${JSON.stringify(detail)}\n`;
  });
}
