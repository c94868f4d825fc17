/**
 * Two raw sockets as one connection: bytes both ways under each side's own backpressure, an end of one side handed on as that
 * alone, and neither socket outliving the failure of the other. It looks at no byte.
 */
import type { Socket } from 'node:net';

export interface TunnelEnd {
  readonly socket: Socket;
  /** What this side has sent already. */
  readonly early: Buffer;
}

/** Resolves when both are closed. Their `error` events are handled from here on. */
export async function tunnel(near: TunnelEnd, far: TunnelEnd): Promise<void> {
  const closed = [closing(near.socket, far.socket), closing(far.socket, near.socket)];
  if (far.early.length > 0) near.socket.write(far.early);
  if (near.early.length > 0) far.socket.write(near.early);
  near.socket.pipe(far.socket);
  far.socket.pipe(near.socket);
  await Promise.all(closed);
}

async function closing(socket: Socket, other: Socket): Promise<void> {
  return new Promise((resolve) => {
    // A socket that failed is closed right after.
    socket.on('error', () => undefined);
    const close = () => {
      // One that has ended both ways has handed both ends on; anything else cuts the other.
      if (!socket.readableEnded || !socket.writableFinished) other.destroy();
      resolve();
    };
    if (socket.closed) close();
    else socket.once('close', close);
  });
}
