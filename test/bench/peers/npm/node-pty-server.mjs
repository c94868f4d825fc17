// The terminal server that people write in an afternoon: node-pty behind ws, with a python3 of the host for each socket.
import { once } from 'node:events';
import { env, stdout } from 'node:process';
import { spawn } from 'node-pty';
import { WebSocketServer } from 'ws';

const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });

server.on('connection', (socket) => {
  const terminal = spawn('/usr/bin/python3', [], { name: 'xterm-256color', cols: 80, rows: 24, cwd: '/', env });
  terminal.onData((data) => socket.send(data));
  terminal.onExit(() => socket.close());
  socket.on('message', (data) => terminal.write(data.toString()));
  socket.on('close', () => terminal.kill());
});

await once(server, 'listening');
stdout.write(`listens on http://127.0.0.1:${server.address().port}\n`);
