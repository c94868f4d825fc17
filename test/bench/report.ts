/** All that a run of the bench has found, as report.json holds it. */
import type { Figure } from './figure.js';
import type { Machine } from './machine.js';

export interface TopicFigures {
  readonly title: string;
  readonly figures: readonly Figure[];
  /** Why there are none; null where there are. */
  readonly failure: string | null;
}

export interface Report {
  /** ISO 8601. */
  readonly startedAt: string;
  readonly machine: Machine;
  readonly topics: readonly TopicFigures[];
}
