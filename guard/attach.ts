/**
 * One attachment: an upgrade that is checked like any other call, asked of the daemon anew, and from then on two raw sockets.
 * Until the daemon has agreed, no byte of the client reaches it.
 */
import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { targetOf, type Call } from './call.js';
import type { GuardedDaemon } from './daemon.js';
import type { OwnContainers } from './own-containers.js';
import { Refusal, refusalBody } from './refusal.js';
import { dropUpgradeBody } from './request-body.js';
import { tunnel } from './tunnel.js';

export interface AttachParts {
  readonly daemon: GuardedDaemon;
  readonly own: OwnContainers;
}

export interface Upgrade {
  readonly request: IncomingMessage;
  /** Paused. */
  readonly socket: Socket;
  readonly head: Buffer;
}

const upgraded =
  'HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n';

/** An attachment that has come about. */
export interface Attachment {
  /** Resolves when nothing of it is left. */
  readonly closed: Promise<void>;
}

/** null where the daemon refused, which the client has been told. Throws Refusal while nothing was answered. */
export async function attach(call: Call, upgrade: Upgrade, { daemon, own }: AttachParts): Promise<Attachment | null> {
  const { request, socket, head } = upgrade;
  if (call.name !== 'attach' || request.headers.upgrade?.toLowerCase() !== 'tcp') {
    throw new Refusal(403, 'The guard upgrades nothing but attachments.');
  }
  const early = await dropUpgradeBody(request, socket, head);
  await own.check(call.container);
  const left = new AbortController();
  const leave = () => {
    left.abort();
  };
  socket.once('close', leave);
  const asked = await daemon.attach(targetOf(call), left.signal);
  socket.off('close', leave);
  if (asked.kind === 'refused') {
    endWith(socket, asked.status, asked.body);
    return null;
  }
  socket.write(upgraded);
  return { closed: tunnel({ socket, early }, { socket: asked.socket, early: asked.head }) };
}

/** Answers an upgrade that does not come about, and closes. */
export function refuseUpgrade(socket: Socket, refusal: Refusal): void {
  endWith(socket, refusal.status, refusalBody(refusal));
}

function endWith(socket: Socket, status: number, body: string): void {
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
