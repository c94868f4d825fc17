// The host keeps the id. Whoever knows it may type, so it belongs where only this person finds it.
const terminal = document.querySelector('repl-terminal');
terminal.addEventListener('repl-start', ({ detail }) => sessionStorage.setItem('repl', detail.session.id));
terminal.addEventListener('repl-end', () => sessionStorage.removeItem('repl'));
const id = sessionStorage.getItem('repl');
if (id !== null) terminal.attach(id);
else await terminal.start();
