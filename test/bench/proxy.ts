/** What the proxy adds to an echo, and what it leaves of a flood, against the same runner without it in the same run. */
import { fileURLToPath } from 'node:url';
import type { WebSocket } from 'ws';
import { figure, quantile, type Figure } from './figure.js';
import { startListening, stopListening } from './listening-process.js';
import { RunnerProcess } from './runner-process.js';

const proxyMain = fileURLToPath(new URL('../../proxy/main.js', import.meta.url));
const echoes = 1_500;
const echoesInTurn = 25;
const floods = 7;
const floodBytes = 32 * 1024 * 1024;
const ready = 'READY';

/** Answers each byte with itself, and `f` with a flood. */
const program = `
import os, tty
tty.setraw(0)
os.write(1, b'${ready.slice(0, 2)}' + b'${ready.slice(2)}')
while True:
    byte = os.read(0, 1)
    if byte == b'f':
        for _ in range(${floodBytes / 65_536}):
            os.write(1, b'y' * 65536)
    os.write(1, byte)
`;

/** A session whose terminal runs the program above, attached in one of the two ways. */
class Way {
  readonly times: number[] = [];
  readonly rates: number[] = [];
  #onData: (data: Buffer) => void = () => undefined;

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => {
      this.#onData(data);
    });
  }

  static async open(socket: WebSocket): Promise<Way> {
    const way = new Way(socket);
    await new Promise<void>((resolve, reject) => {
      let seen = '';
      way.#onData = (data) => {
        seen += data.toString('latin1');
        if (seen.includes(ready)) resolve();
      };
      socket.on('error', reject);
    });
    return way;
  }

  async echo(): Promise<void> {
    const since = performance.now();
    await this.#send('e', () => true);
    this.times.push(performance.now() - since);
  }

  async flood(): Promise<void> {
    const since = performance.now();
    let bytes = 0;
    await this.#send('f', (data) => {
      bytes += data.length;
      return bytes > floodBytes;
    });
    this.rates.push(bytes / 1e3 / (performance.now() - since));
  }

  #send(byte: string, isLast: (data: Buffer) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`no whole answer to ${byte}`));
      }, 30_000);
      this.#onData = (data) => {
        if (!isLast(data)) return;
        clearTimeout(timer);
        resolve();
      };
      this.socket.send(Buffer.from(byte));
    });
  }
}

/** Attaches one session directly and one through the proxy, and measures them in turn. */
async function measure(runner: RunnerProcess, proxyUrl: URL): Promise<{ direct: Way; through: Way }> {
  const body = Buffer.from(JSON.stringify({ language: 'python', files: { 'm.py': program }, startup: 'import m' }));
  const open = async (base: URL): Promise<Way> => {
    const { id } = (await runner.call('POST', '/repl', body)) as { id: string };
    return await Way.open(runner.attach(new URL(`/repl/${id}`, base).href));
  };
  const [direct, through] = [await open(runner.url), await open(proxyUrl)];
  for (let round = 0; round < echoes / echoesInTurn; round += 1) {
    for (const way of round % 2 === 0 ? [direct, through] : [through, direct]) {
      for (let count = 0; count < echoesInTurn; count += 1) await way.echo();
    }
  }
  for (let round = 0; round < floods; round += 1) {
    for (const way of round % 2 === 0 ? [direct, through] : [through, direct]) await way.flood();
  }
  direct.socket.close();
  through.socket.close();
  return { direct, through };
}

/** The median of the differences between turns that follow each other, since a machine's load comes and goes. */
function addedMs(direct: readonly number[], through: readonly number[]): number {
  const differences: number[] = [];
  for (let at = 0; at < direct.length; at += echoesInTurn) {
    const turn = [through, direct].map((times) => quantile(times.slice(at, at + echoesInTurn), 0.5));
    differences.push((turn[0] ?? NaN) - (turn[1] ?? NaN));
  }
  return quantile(differences, 0.5);
}

export async function benchProxy(): Promise<Figure[]> {
  const runner = await RunnerProcess.start({
    REPL_RUNNER_SANDBOX: 'bubblewrap',
    REPL_RUNNER_ACCEPT: 'inodes,total-memory,cpu',
    REPL_RUNNER_POOL: 'python=2:2',
  });
  try {
    await runner.untilWarm(2);
    const proxy = await startListening(proxyMain, { REPL_PROXY_PORT: '0', REPL_PROXY_REPLICAS: runner.url.origin });
    try {
      const { direct, through } = await measure(runner, proxy.url);
      const [echo, throughEcho] = [quantile(direct.times, 0.5), quantile(through.times, 0.5)];
      const [rate, throughRate] = [quantile(direct.rates, 0.5), quantile(through.rates, 0.5)];
      return [
        figure('direct_echo_p50', echo, 'ms'),
        figure('proxy_echo_p50', throughEcho, 'ms'),
        figure('proxy_echo_added_p50_ms', addedMs(direct.times, through.times), 'ms', { atMost: 0.15 }),
        figure('direct_flood', rate, 'MB/s'),
        figure('proxy_flood', throughRate, 'MB/s'),
        figure('proxy_flood_ratio', throughRate / rate, '× direct', { atLeast: 0.8 }),
      ];
    } finally {
      await stopListening(proxy);
    }
  } finally {
    await runner.stop();
  }
}
