import { describe, expect, it } from '@jest/globals';
import { Metrics } from '../../src/metrics.js';

describe('Metrics', () => {
  it('shows what it was told', async () => {
    const metrics = new Metrics();
    metrics.setInfo('docker', 'abc123');
    metrics.setCapacity({ ready: true, maxSessions: 200 });
    metrics.observeStart('total', false, 2);
    metrics.observeCreate('python', 150);
    metrics.observeRequest({ method: 'GET', route: '/repl/:id', status: 404, ms: 1 });
    metrics.setPool('python', { warm: 4, creating: 1, waiting: 0 });
    metrics.setSessions('running', 3);
    for (const change of [1, 1, -1] as const) metrics.changeAttachments('viewer', change);
    metrics.setSandboxesListed(9);
    metrics.countCreateFailed('driver_unavailable');
    metrics.countEnded('idle');
    metrics.countEndFailed('sandbox_lost');
    metrics.countExit('out_of_memory');
    metrics.countRestart();
    metrics.countAdoption('done');
    metrics.countRefusal('capacity_exhausted');
    metrics.countAttach('owner');
    metrics.countClose('taken_over');
    metrics.countWebsocketBytes('out', 1000);
    const lines = (await metrics.text()).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'repl_runner_info{driver="docker",sha="abc123"} 1',
        'repl_runner_ready 1',
        'repl_runner_sessions_max 200',
        'repl_runner_start_seconds_bucket{le="0.002",stage="total",cold="false"} 1',
        'repl_runner_sandbox_create_seconds_bucket{le="0.25",language="python"} 1',
        'repl_runner_request_seconds_count{method="GET",route="/repl/:id",status="4xx"} 1',
        'repl_runner_pool{language="python",state="warm"} 4',
        'repl_runner_sessions{state="running"} 3',
        'repl_runner_attachments{role="viewer"} 1',
        'repl_runner_sandboxes_listed 9',
        'repl_runner_sandbox_creates_failed_total{code="driver_unavailable"} 1',
        'repl_runner_sessions_ended_total{reason="idle"} 1',
        'repl_runner_session_ends_failed_total{reason="sandbox_lost"} 1',
        'repl_runner_repl_exits_total{outcome="out_of_memory"} 1',
        'repl_runner_restarts_total 1',
        'repl_runner_adoptions_total{outcome="done"} 1',
        'repl_runner_refusals_total{code="capacity_exhausted"} 1',
        'repl_runner_attaches_total{role="owner"} 1',
        'repl_runner_websocket_closes_total{reason="taken_over"} 1',
        'repl_runner_websocket_bytes_total{direction="out"} 1000',
      ]),
    );
    expect(lines.some((line) => line.startsWith('nodejs_eventloop_lag_seconds '))).toBe(true);
  });

  it('counts from 0, so that a rate sees the first of its kind', async () => {
    const text = await new Metrics().text();
    expect(text).toContain('repl_runner_sessions_ended_total{reason="sandbox_lost"} 0');
    expect(text).toContain('repl_runner_refusals_total{code="draining"} 0');
    expect(text).toContain('repl_runner_runs_total{kind="session",outcome="out_of_memory"} 0');
  });

  it('lets no client make labels: methods beyond the usual are one, and a request without an answer is aborted', async () => {
    const metrics = new Metrics();
    metrics.observeRequest({ method: 'PROPFIND', route: 'unknown', status: null, ms: 1 });
    metrics.observeRequest({ method: 'MKCOL', route: 'unknown', status: null, ms: 1 });
    await expect(metrics.text()).resolves.toContain(
      'repl_runner_request_seconds_count{method="other",route="unknown",status="aborted"} 2',
    );
  });

  it('keeps two instances apart', async () => {
    const [one, other] = [new Metrics(), new Metrics()];
    one.countEnded('idle');
    await expect(other.text()).resolves.toContain('repl_runner_sessions_ended_total{reason="idle"} 0');
  });
});
