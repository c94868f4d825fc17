/**
 * What operators look at, held against a runner and a proxy that run: the metrics of both, the dashboard and the alerts that
 * ask for them, the page that explains them, and the logs.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import { describeWhere, itWhere } from '../support/describe-where.js';
import { eventually } from '../support/eventually.js';
import { askedInVain, parseExposition, type Series } from '../support/exposition.js';
import { grounds } from '../support/grounds.js';
import { GuardProcess } from '../support/guard-process.js';
import { ProxyProcess } from '../support/proxy-process.js';
import { RunnerProgram } from '../support/runner-program.js';
import { TerminalClient } from '../support/terminal-client.js';

const file = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const alertFile = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          alert: z.string(),
          expr: z.string(),
          annotations: z.object({ summary: z.string(), runbook: z.string() }),
        }),
      ),
    }),
  ),
});
const dashboardFile = z.object({
  panels: z.array(
    z.object({ title: z.string(), type: z.string(), targets: z.array(z.object({ expr: z.string() })).optional() }),
  ),
});
const alerts = alertFile.parse(parse(file('deploy/prometheus/alerts.yml'))).groups.flatMap(({ rules }) => rules);
const panels = dashboardFile.parse(JSON.parse(file('deploy/grafana/dashboard.json'))).panels;
const page = file('docs/operations.md');
const promtool = '/usr/bin/promtool';
const runPromtool = (args: readonly string[], input = ''): string =>
  execFileSync(promtool, args, { encoding: 'utf8', input, stdio: 'pipe', cwd: new URL('../..', import.meta.url) });

const ground = grounds.find(({ name }) => name === 'bubblewrap host');

describeWhere(ground?.available === true)('what operators look at', () => {
  let runner: RunnerProgram;
  let proxy: ProxyProcess;
  let guard: GuardProcess;
  let [session, runnerMetrics, proxyMetrics, guardMetrics] = ['', '', '', ''];
  let series: readonly Series[] = [];

  beforeAll(async () => {
    runner = await RunnerProgram.start({ ...ground?.env, REPL_RUNNER_LOG_LEVEL: 'info' });
    proxy = await ProxyProcess.start({ REPL_PROXY_REPLICAS: runner.url, REPL_PROXY_METRICS_PORT: '0' });
    // Nobody asks this one for anything; it shows what it would count.
    guard = await GuardProcess.start({ REPL_GUARD_METRICS_PORT: '0' });
    session = await useSession();
    runnerMetrics = await (await fetch(`${runner.url}/metrics`)).text();
    const shown = await fetch(new URL('/metrics', operatorPort()));
    expect(shown.headers.get('content-type')).toMatch(/^text\/plain/);
    proxyMetrics = await shown.text();
    const [, guardUrl = ''] = /shows metrics on (\S+)/.exec(guard.said) ?? [];
    guardMetrics = await (await fetch(`${guardUrl}/metrics`)).text();
    series = [runnerMetrics, proxyMetrics, guardMetrics].flatMap((text) => parseExposition(text));
  });
  afterAll(async () => {
    await guard.stop();
    await proxy.stop();
    await runner.stop();
  });

  /** A session that does, through the proxy, what is counted: it starts, is attached to, ends, restarts and is deleted. */
  async function useSession(): Promise<string> {
    const ask = (method: string, path: string, body?: string): Promise<Response> => {
      const headers = { 'X-Request-Id': `trace-${method.toLowerCase()}`, 'Content-Type': 'application/json' };
      return fetch(new URL(path, proxy.url), { method, headers, ...(body === undefined ? {} : { body }) });
    };
    const started = await ask('POST', '/repl', '{"language": "python"}');
    const { id } = z.object({ id: z.string() }).parse(await started.json());
    const address = new URL(`/repl/${id}`, proxy.url).href.replace('http', 'ws');
    const terminal = new TerminalClient(address, {
      subprotocol: 'repl.v1',
      headers: { 'X-Request-Id': 'trace-attach' },
    });
    await terminal.until('>>> ');
    terminal.type('exit()\r');
    await eventually('an end of the REPL', async () =>
      (await (await ask('GET', `/repl/${id}`)).text()).includes('exited'),
    );
    expect((await ask('POST', `/repl/${id}/restart`, '{}')).status).toBe(200);
    expect((await ask('DELETE', `/repl/${id}`)).status).toBe(204);
    expect((await terminal.closed).code).toBe(4002);
    expect((await ask('GET', `/repl/${id}`)).status).toBe(410);
    return id;
  }

  function operatorPort(): string {
    return /shows metrics on (http:\S+)/.exec(proxy.said)?.[1] ?? '';
  }

  it('is shown on a port of its own by the proxy, which shows nothing else there and no metrics elsewhere', async () => {
    expect((await fetch(new URL('/repl', operatorPort()), { method: 'POST' })).status).toBe(404);
    expect((await fetch(new URL('/metrics', proxy.url))).status).toBe(404);
  });

  it.each([
    'repl_runner_sessions_ended_total{reason="deleted"} 1',
    'repl_runner_repl_exits_total{outcome="ok"} 1',
    'repl_runner_restarts_total 1',
    'repl_runner_attaches_total{role="owner"} 1',
    'repl_runner_websocket_closes_total{reason="deleted"} 1',
    'repl_runner_refusals_total{code="session_ended"} 1',
    'repl_runner_request_seconds_count{method="POST",route="/repl/:id/restart",status="2xx"} 1',
    'repl_runner_info{driver="bubblewrap",sha="unknown"} 1',
    'repl_runner_ready 1',
  ])('counts at the runner: %s', (line) => {
    expect(runnerMetrics.split('\n')).toContain(line);
  });

  it.each([
    'repl_proxy_requests_total{action="start",outcome="passed"} 1',
    'repl_proxy_requests_total{action="attach",outcome="passed"} 1',
    'repl_proxy_request_seconds_count{action="start"} 1',
    'repl_proxy_replicas{state="ready"} 1',
    'repl_proxy_tunnels 0',
  ])('counts at the proxy: %s', (line) => {
    expect(proxyMetrics.split('\n')).toContain(line);
  });

  it('has all that the alerts ask for', () => {
    const vain = alerts.flatMap(({ alert, expr }) => askedInVain(expr, series).map((asked) => `${alert}: ${asked}`));
    expect(vain).toEqual([]);
  });

  it('has all that the dashboard asks for', () => {
    const vain = panels.flatMap(({ title, targets = [] }) =>
      targets
        .map(({ expr }) => expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*'))
        .flatMap((expr) => askedInVain(expr, series).map((asked) => `${title}: ${asked}`)),
    );
    expect(vain).toEqual([]);
  });

  it('has no panel without a question', () => {
    const mute = panels.filter(({ type, targets = [] }) => type !== 'row' && targets.length === 0);
    expect(mute).toEqual([]);
    expect(panels.length).toBeGreaterThan(30);
  });

  itWhere(existsSync(promtool))('has metrics that follow the conventions', () => {
    const ours = `${runnerMetrics}\n${proxyMetrics}\n${guardMetrics}`
      .split('\n')
      .filter((line) => line.includes('repl_'));
    expect(runPromtool(['check', 'metrics'], `${ours.join('\n')}\n`)).toBe('');
  });

  it('is explained in docs/operations.md: every metric of ours in its table, and no other', () => {
    const listed = [...page.matchAll(/^\| `(repl_\w+)`/gm)].map(([, name]) => name).sort();
    const types = [...`${runnerMetrics}\n${proxyMetrics}\n${guardMetrics}`.matchAll(/^# TYPE (repl_\w+) /gm)]
      .map(([, name]) => name)
      .sort();
    expect(listed).toEqual(types);
  });

  it('keeps idle connections longer than what stands in front of it, which would else meet one that closes', async () => {
    for (const { url } of [runner, proxy]) {
      const answer = await fetch(new URL('/alive', url));
      expect([answer.headers.get('connection'), answer.headers.get('keep-alive')]).toEqual([
        'keep-alive',
        'timeout=75',
      ]);
    }
  });

  it('gives proxy and runner one id for a request, and neither log shows the key to a session', async () => {
    const masked = `${session.slice(0, session.indexOf('.') + 5)}…`;
    for (const trace of ['trace-post', 'trace-attach', 'trace-delete']) {
      for (const log of [runner, proxy]) {
        const lines = (): string[] => log.said.split('\n').filter((line) => line.includes(`"requestId":"${trace}"`));
        await eventually(`${trace} in a log`, () => lines().length > 0);
        expect(lines()[0]).toContain(`"session":"${masked}"`);
      }
    }
    expect(runner.said + proxy.said).not.toContain(session);
    expect(runner.said + proxy.said).not.toContain(session.split('.')[1]);
  });
});

describe('the runbook', () => {
  /** The text of each section by the anchor of its title. */
  const sections = new Map(
    page.split(/^#+ /m).map((text) => {
      const [title = ''] = text.split('\n', 1);
      return [title.toLowerCase().replaceAll(' ', '-'), text];
    }),
  );

  it('has the section that each alert leads to, and names the alert there', () => {
    const astray = alerts.filter(({ alert, annotations }) => {
      const [path, section = ''] = annotations.runbook.split('#');
      return path !== 'docs/operations.md' || sections.get(section)?.includes(`\`${alert}\``) !== true;
    });
    expect(astray).toEqual([]);
  });

  it('names only alerts that there are', () => {
    const named = new Set([...page.matchAll(/\bRepl[A-Z]\w+/g)].map(([name]) => name));
    expect([...named].filter((name) => !alerts.some(({ alert }) => alert === name))).toEqual([]);
  });
});

describeWhere(existsSync(promtool))('the files for Prometheus', () => {
  it('are what Prometheus takes', () => {
    expect(runPromtool(['check', 'rules', 'deploy/prometheus/alerts.yml'])).toContain('SUCCESS');
    expect(runPromtool(['check', 'config', '--syntax-only', 'deploy/prometheus/prometheus.yml'])).toContain('SUCCESS');
  });

  it('let each alert fire when it should, and none on a good day', () => {
    const cases = file('deploy/prometheus/alerts.test.yml');
    for (const { alert } of alerts) expect(cases).toMatch(new RegExp(`alertname: ${alert}\\n +exp_alerts:\\n`));
    expect(runPromtool(['test', 'rules', 'deploy/prometheus/alerts.test.yml'])).toContain('SUCCESS');
  });
});
