/**
 * Refuses a websocket in a way that a person can learn of: browsers hide the status of a refused upgrade, so it is accepted
 * and closed with a code and a reason. The only file here that knows ws.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { closeCodes } from './close-codes.js';
import { proxyErrors, type ProxyError } from './proxy-error.js';

/** A close handshake that the other side does not finish is cut. */
const closeTimeoutMs = 5_000;
/** What fits into a close frame, in bytes. */
const maxReasonBytes = 123;

const server = new WebSocketServer({
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  maxPayload: 65_536,
  // Browsers fail a socket that is answered with none of theirs; an attach token, offered beside, is not repeated.
  handleProtocols: (offered) => [...offered].find((name) => !name.startsWith('repl.attach.')) ?? false,
});

/** What is no websocket handshake gets a plain 400 from ws. */
export function refuseUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, error: ProxyError): void {
  if (socket.destroyed) return;
  const timer = setTimeout(() => socket.destroy(), closeTimeoutMs);
  socket.once('close', () => {
    clearTimeout(timer);
  });
  const reason = proxyErrors[error.code].close;
  server.handleUpgrade(request, socket, head, (webSocket) => {
    webSocket.on('error', () => {
      webSocket.terminate();
    });
    webSocket.close(closeCodes[reason], reasonText(reason, error.message));
  });
}

function reasonText(reason: string, message: string): string {
  const full = JSON.stringify({ reason, message });
  return Buffer.byteLength(full) <= maxReasonBytes ? full : JSON.stringify({ reason });
}
