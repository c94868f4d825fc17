/**
 * When a session ends by itself, and which warning comes before. Pure: moments in, the next deadline out.
 */

export interface LifetimeRules {
  readonly idleMs: number;
  readonly detachGraceMs: number;
  readonly maxLifetimeMs: number;
}

export interface LifetimeFacts {
  readonly createdAt: number;
  /** Last keystroke, output, CPU use or API call. */
  readonly activeAt: number;
  /** When the owner went away; null while it is attached, or when there never was one. */
  readonly detachedAt: number | null;
}

export type ExpiryReason = 'idle' | 'detach_grace' | 'max_lifetime';

export interface Deadline {
  readonly at: number;
  readonly reason: ExpiryReason;
}

/** The attached terminal is warned this long before. */
export const warningMs = 60_000;

/** The earliest moment at which the session ends if nothing more happens. */
export function nextDeadline(rules: LifetimeRules, facts: LifetimeFacts): Deadline {
  const deadlines: Deadline[] = [
    { at: facts.createdAt + rules.maxLifetimeMs, reason: 'max_lifetime' },
    { at: facts.activeAt + rules.idleMs, reason: 'idle' },
  ];
  if (facts.detachedAt !== null) deadlines.push({ at: facts.detachedAt + rules.detachGraceMs, reason: 'detach_grace' });
  return deadlines.reduce((first, other) => (other.at < first.at ? other : first));
}
