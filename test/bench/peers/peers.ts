/**
 * What people would pick instead, as far as Debian and npm have it, beside this runner on Docker: terminado, node-pty behind ws
 * and shellinabox, which have a prompt and no walls, and Jupyter's server, which has neither. One that is not installed is left
 * out, with the command that gets it.
 */
import { figure, quantile, timesFigure, type Figure } from '../figure.js';
import { step } from '../step.js';
import { Jupyter } from './jupyter.js';
import { leftOut } from './left-out.js';
import { NodePtyServer } from './node-pty-server.js';
import { npmPeersRemedy } from './npm-peers.js';
import { OwnTerminals } from './own-terminals.js';
import { PeerProcess } from './peer-process.js';
import { Shellinabox } from './shellinabox.js';
import { Terminado } from './terminado.js';
import { floodOf, terminalTimes, type TerminalServer, type TerminalTimes } from './terminal-server.js';

const kernels = 6;

interface Values {
  readonly own: number[];
  readonly jupyter: number[];
}

async function valuesBeside(own: OwnTerminals): Promise<Values> {
  const jupyter = await Jupyter.start();
  try {
    const values: Values = { own: [], jupyter: [] };
    for (let round = -1; round < kernels; round += 1) {
      const [ownMs, jupyterMs] = [await own.valueOf('6 * 7', '42'), await jupyter.valueOf('6 * 7')];
      if (round < 0) continue;
      values.own.push(ownMs);
      values.jupyter.push(jupyterMs);
    }
    return values;
  } finally {
    await jupyter.stop();
  }
}

/** Those that are installed. */
async function startPeers(started: TerminalServer[]): Promise<void> {
  if (PeerProcess.has('terminado')) started.push(await Terminado.start());
  else leftOut('terminado', 'apt-get install python3-terminado');
  if (NodePtyServer.isInstalled()) started.push(await NodePtyServer.start());
  else leftOut('node-pty + ws', npmPeersRemedy);
  if (Shellinabox.isInstalled()) started.push(await Shellinabox.start());
  else leftOut('shellinabox', 'apt-get install shellinabox');
}

const p50 = (times: readonly number[]): number => quantile(times, 0.5);

/** What walls, logs and a runner in between cost in echoes and floods is to be known, see ADR 11, and has no target here. */
function beside(own: TerminalTimes, peer: TerminalTimes): Figure[] {
  const { name } = peer;
  return [
    timesFigure(`${name}_start_p50`, peer.start, 0.5),
    timesFigure(`${name}_echo_p50`, peer.echo, 0.5),
    figure(`${name}_flood`, floodOf(peer) / 1e6, 'MB/s'),
    figure(`start_p50_of_${name}`, p50(own.start) / p50(peer.start), `× ${name}`, { atMost: 1 }),
    figure(`echo_p50_of_${name}`, p50(own.echo) / p50(peer.echo), `× ${name}`),
    figure(`flood_of_${name}`, floodOf(own) / floodOf(peer), `× ${name}`),
  ];
}

function figuresOf([own, ...peers]: readonly TerminalTimes[], values: Values | null): Figure[] {
  if (own === undefined) return [];
  const ofTerminals = [
    timesFigure('start_p50', own.start, 0.5),
    timesFigure('echo_p50', own.echo, 0.5),
    figure('flood', floodOf(own) / 1e6, 'MB/s'),
    ...peers.flatMap((peer) => beside(own, peer)),
  ];
  if (values === null) return ofTerminals;
  return [
    ...ofTerminals,
    timesFigure('value_p50', values.own, 0.5),
    timesFigure('jupyter_value_p50', values.jupyter, 0.5),
    figure('value_p50_of_jupyter', p50(values.own) / p50(values.jupyter), '× Jupyter', { atMost: 1 }),
  ];
}

export async function benchPeers(tag: string): Promise<Figure[]> {
  const own = await OwnTerminals.start(tag);
  const started: TerminalServer[] = [own];
  try {
    await startPeers(started);
    const terminals = await terminalTimes(started);
    const hasJupyter = PeerProcess.has('jupyter_server') && PeerProcess.has('ipykernel');
    const values = hasJupyter
      ? await step(`${kernels} values in fresh interpreters and kernels of Jupyter`, () => valuesBeside(own))
      : leftOut('Jupyter', 'apt-get install jupyter-server python3-ipykernel');
    return figuresOf(terminals, values);
  } finally {
    for (const server of started) await server.stop();
  }
}
