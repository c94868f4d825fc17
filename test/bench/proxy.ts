/**
 * What the proxy adds to an echo, and what it leaves of a flood, against the same runner without it in the same run; the same of
 * JupyterHub's configurable-http-proxy, where that is installed.
 */
import { fileURLToPath } from 'node:url';
import { figure, quantile, timesFigure, type Figure } from './figure.js';
import { ListeningProcess } from './listening-process.js';
import { hasConfigurableHttpProxy, startConfigurableHttpProxy } from './peers/configurable-http-proxy.js';
import { leftOut } from './peers/left-out.js';
import { npmPeersRemedy } from './peers/npm-peers.js';
import { ProxyWay, wayProgram } from './proxy-way.js';
import { RunnerProcess } from './runner-process.js';
import { step } from './step.js';
import { inTurn, medianAdded } from './turns.js';

const proxyMain = fileURLToPath(new URL('../../proxy/main.js', import.meta.url));
const echoes = 1_500;
const echoesInTurn = 25;
const floods = 7;

/** Attaches one session in each way, and measures them in turns. */
async function measure(runner: RunnerProcess, bases: readonly URL[]): Promise<ProxyWay[]> {
  const body = Buffer.from(JSON.stringify({ language: 'python', files: { 'm.py': wayProgram }, startup: 'import m' }));
  const ways: ProxyWay[] = [];
  for (const base of bases) {
    const { id } = (await runner.call('POST', '/repl', body)) as { id: string };
    ways.push(await ProxyWay.open(runner.attach(new URL(`/repl/${id}`, base).href)));
  }
  await step(`${echoes} echoes each of ${bases.length} ways, in turns`, async () => {
    for (let round = 0; round < echoes / echoesInTurn; round += 1) {
      for (const way of inTurn(ways, round)) {
        for (let count = 0; count < echoesInTurn; count += 1) await way.echo();
      }
    }
  });
  await step(`${floods} floods each, in turns`, async () => {
    for (let round = 0; round < floods; round += 1) {
      for (const way of inTurn(ways, round)) await way.flood();
    }
  });
  for (const { socket } of ways) socket.close();
  return ways;
}

function figuresOf(direct: ProxyWay, through: ProxyWay, name: string, isOurs: boolean): Figure[] {
  const rate = quantile(through.rates, 0.5);
  const added = medianAdded(direct.times, through.times, echoesInTurn);
  return [
    timesFigure(`${name}_echo_p50`, through.times, 0.5),
    figure(`${name}_echo_added_p50_ms`, added, 'ms', isOurs ? { atMost: 0.15 } : {}),
    figure(`${name}_flood`, rate, 'MB/s'),
    figure(`${name}_flood_ratio`, rate / quantile(direct.rates, 0.5), '× direct', isOurs ? { atLeast: 0.8 } : {}),
  ];
}

export async function benchProxy(): Promise<Figure[]> {
  const stops: (() => Promise<void>)[] = [];
  try {
    const runner = await RunnerProcess.start({
      REPL_RUNNER_SANDBOX: 'bubblewrap',
      REPL_RUNNER_ACCEPT: 'inodes,total-memory,cpu',
      REPL_RUNNER_POOL: 'python=3:3',
    });
    stops.unshift(() => runner.stop());
    await runner.untilWarm(3);
    const ours = await ListeningProcess.start(proxyMain, {
      REPL_PROXY_PORT: '0',
      REPL_PROXY_REPLICAS: runner.url.origin,
    });
    stops.unshift(() => ours.stop());
    const peer = hasConfigurableHttpProxy()
      ? await startConfigurableHttpProxy(runner.url)
      : leftOut('configurable-http-proxy', npmPeersRemedy);
    if (peer !== null) stops.unshift(() => peer.stop());
    const bases = [runner.url, ours.url, ...(peer === null ? [] : [peer.url])];
    const [direct, through, throughPeer] = await measure(runner, bases);
    if (direct === undefined || through === undefined) return [];
    return [
      timesFigure('direct_echo_p50', direct.times, 0.5),
      figure('direct_flood', quantile(direct.rates, 0.5), 'MB/s'),
      ...figuresOf(direct, through, 'proxy', true),
      ...(throughPeer === undefined ? [] : figuresOf(direct, throughPeer, 'configurable_http_proxy', false)),
    ];
  } finally {
    for (const stop of stops) await stop();
  }
}
