import { describe, expect, it } from '@jest/globals';
import { figure, timesFigure, type Figure } from '../../bench/figure.js';
import { figureLine } from '../../bench/figure-line.js';
import { reportPage } from '../../bench/report-page.js';

const machine = { cpu: 'a <fast> one', cpus: 2, memoryBytes: 2 ** 33, kernel: '6.1', node: 'v20', docker: null };

function page(figures: readonly Figure[], failure: string | null = null): string {
  const topics = [{ title: 'start · docker', figures, failure }];
  return reportPage({ startedAt: '2026-01-02T03:04:05.000Z', machine, topics });
}

const count = (text: string, part: string): number => text.split(part).length - 1;

describe('a figure', () => {
  it('meets a target that it reaches exactly', () => {
    expect(figure('a', 2, 'ms', { atMost: 2 }).pass).toBe(true);
    expect(figure('a', 2, 'ms', { atLeast: 2 }).pass).toBe(true);
  });

  it('misses a target that it is beyond', () => {
    expect(figure('a', 2.1, 'ms', { atMost: 2 }).pass).toBe(false);
    expect(figure('a', 1.9, 'ms', { atLeast: 2 }).pass).toBe(false);
  });

  it('misses every target where nothing was measured', () => {
    expect(timesFigure('a', [], 0.5, { atMost: 1 }).pass).toBe(false);
  });

  it('is a line with its target', () => {
    expect(figureLine(figure('start_p50', 12.345, 'ms', { atMost: 10 }))).toMatch(
      /^✗ start_p50 +12\.3 ms +at most 10$/,
    );
    expect(figureLine(figure('memory', 1_234_000, 'bytes'))).toMatch(/^ {2}memory +1,234,000 bytes$/);
  });
});

describe('the page of a report', () => {
  it('counts the targets that are met', () => {
    const figures = [figure('a', 1, 'ms', { atMost: 2 }), figure('b', 3, 'ms', { atMost: 2 }), figure('c', 3, 'ms')];
    expect(page(figures)).toContain('1 of 2 targets are met');
  });

  it('needs nothing from elsewhere', () => {
    expect(page([timesFigure('a_p50', [1, 2, 3], 0.5)])).not.toMatch(/(?:src|href)=|@import|url\(/);
  });

  it('holds names as text', () => {
    expect(page([])).toContain('a &#60;fast&#62; one');
  });

  it('draws one line for figures of the same times', () => {
    const times = [3, 1, 2];
    const drawn = page([timesFigure('a_p50', times, 0.5), timesFigure('a_p95', times, 0.95)]);
    expect(count(drawn, '<polyline')).toBe(1);
  });

  it('draws growth beside live sessions for each unit', () => {
    const figures = [1, 50].flatMap((live) => [
      timesFigure(`start_p50_beside_${live}`, [live, live + 1], 0.5),
      figure(`resident_bytes_beside_${live}`, live * 1e6, 'bytes'),
    ]);
    expect(count(page(figures), '<polyline')).toBe(2);
    expect(count(page(figures), 'live sessions')).toBe(2);
  });

  it('says why a bench has no figures', () => {
    expect(page([], 'no daemon answers')).toContain('no daemon answers');
  });
});
