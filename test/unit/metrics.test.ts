import { describe, expect, it } from '@jest/globals';
import { Metrics } from '../../src/metrics.js';

describe('Metrics', () => {
  it('shows what it was told', async () => {
    const metrics = new Metrics();
    metrics.observeStart('total', false, 2);
    metrics.setPool('python', { warm: 4, creating: 1, waiting: 0 });
    metrics.setSessions('running', 3);
    metrics.countEnded('idle');
    metrics.countEndFailed('sandbox_lost');
    metrics.countRefusal('capacity_exhausted');
    metrics.countWebsocketBytes('out', 1000);
    const lines = (await metrics.text()).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'repl_runner_start_seconds_bucket{le="0.002",stage="total",cold="false"} 1',
        'repl_runner_pool{language="python",state="warm"} 4',
        'repl_runner_sessions{state="running"} 3',
        'repl_runner_sessions_ended_total{reason="idle"} 1',
        'repl_runner_session_ends_failed_total{reason="sandbox_lost"} 1',
        'repl_runner_refusals_total{code="capacity_exhausted"} 1',
        'repl_runner_websocket_bytes_total{direction="out"} 1000',
      ]),
    );
    expect(lines.some((line) => line.startsWith('nodejs_eventloop_lag_seconds '))).toBe(true);
  });

  it('keeps two instances apart', async () => {
    const [one, other] = [new Metrics(), new Metrics()];
    one.countEnded('idle');
    await expect(other.text()).resolves.not.toContain('reason="idle"');
  });
});
