const terminal = document.querySelector('repl-terminal');
const methods = {
  start: () => terminal.start({ files: { 'a.py': 'x = 1\n' } }),
  restart: () => terminal.restart({ startup: 'print("again")' }),
  interrupt: () => terminal.interrupt(),
  end: () => terminal.end(),
  detach: () => terminal.detach(),
  retry: () => terminal.retry(),
  type: () => terminal.type('6 * 7\r'),
  paste: () => terminal.paste('for n in range(3):\n    print(n)\n'),
  focus: () => terminal.focus(),
  copySelection: () => terminal.copySelection(),
  openFind: () => terminal.openFind(),
  openTranscript: () => terminal.openTranscript(),
  transcript: () => terminal.transcript,
};
const log = document.querySelector('#log');
for (const [name, call] of Object.entries(methods)) {
  const button = document.createElement('button');
  button.textContent = name;
  button.addEventListener('click', async () => {
    log.textContent = await Promise.resolve(call()).then(
      (result) => String(JSON.stringify(result)),
      (error) => `${error.code}: ${error.message}`,
    );
  });
  document.querySelector('#buttons').append(button, ' ');
}
