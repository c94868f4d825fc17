/** Bounds the time that a request to a replica may take to connect; a host that is gone answers nothing at all. */
import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';

/** Destroys the request with this error when the connection does not come about in time. */
class ConnectTimeoutError extends Error {
  readonly code = 'ECONNTIMEOUT';

  constructor(timeoutMs: number) {
    super(`no connection within ${timeoutMs} ms`);
    this.name = 'ConnectTimeoutError';
  }
}

export function boundConnect(sent: ClientRequest, timeoutMs: number, onConnected: () => void = () => undefined): void {
  const timer = setTimeout(() => sent.destroy(new ConnectTimeoutError(timeoutMs)), timeoutMs);
  const stop = (): void => {
    clearTimeout(timer);
  };
  sent.once('close', stop);
  const connected = (): void => {
    stop();
    onConnected();
  };
  const watch = (socket: Socket): void => {
    if (socket.connecting) socket.once('connect', connected);
    else connected();
  };
  if (sent.socket === null) sent.once('socket', watch);
  else watch(sent.socket);
}
