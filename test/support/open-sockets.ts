/** What the kernel knows of open sockets: of whole processes, and of TCP ports whoever holds them. */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** States in /proc/net/tcp that hold nothing of a process: TIME_WAIT, and listening. */
const notConnections = new Set(['06', '0A']);

/** How many sockets a process has open, those of its standard streams included. */
export function socketsOfProcess(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).filter((fd) => {
    try {
      return readlinkSync(`${folder}/${fd}`).startsWith('socket:');
    } catch {
      return false;
    }
  }).length;
}

/** Ends of TCP connections from or to this port on this machine. */
export function connectionsOfPort(port: number): number {
  const hex = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local = '', remote = '', state = '']) => {
      return (local.endsWith(hex) || remote.endsWith(hex)) && !notConnections.has(state);
    }).length;
}
