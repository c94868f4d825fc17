/** The part of a WebSocket that the client uses; browsers' own and that of `ws` both have it. */
import { ReplError } from './repl-error.js';

export interface TerminalSocket {
  binaryType: string;
  readonly readyState: number;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { readonly code: number; readonly reason: string }) => void): void;
  addEventListener(type: 'open' | 'error', listener: () => void): void;
}

/** `readyState` of a socket that takes messages. */
export const openState = 1;

/** Several subprotocols where one of them is an attach token. */
export type MakeSocket = (url: string, subprotocols: string | string[]) => TerminalSocket;

/** The platform's own WebSocket. */
export const platformSocket: MakeSocket = (url, subprotocols) => {
  // Node 20 has none, and its types know none.
  const { WebSocket: Platform } = globalThis as {
    WebSocket?: new (url: string, protocols: string | string[]) => TerminalSocket;
  };
  if (Platform === undefined)
    throw new ReplError('no_websocket', 'This platform has no WebSocket: give the client one.');
  return new Platform(url, subprotocols);
};
