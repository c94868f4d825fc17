/** The setting that says which languages there are, and how many warm sandboxes of each. */
import { z } from 'zod';
import { setting, splitAtCommas, type Described, type Setting } from './setting.js';

export interface PoolSize {
  readonly language: string;
  /** Warm sandboxes that the pool always wants. */
  readonly min: number;
  /** Warm sandboxes that it grows to under load. */
  readonly max: number;
}

const largest = 1000;

/** `python=4,node=1:8`. A size without a maximum may grow to four times itself, within what is allowed. */
export function poolSizes(described: Described): Setting<readonly PoolSize[]> {
  const allowed =
    'language=min or language=min:max with commas between, each language once, 0 to 1000, min at most max';
  const pool = splitAtCommas
    .pipe(z.array(z.string().regex(/^[a-z][a-z0-9_-]{0,39}=\d{1,4}(:\d{1,4})?$/)))
    .transform((parts) => parts.map(poolSize))
    .refine((sizes) => sizes.every(({ min, max }) => min <= max && max <= largest))
    .refine((sizes) => new Set(sizes.map(({ language }) => language)).size === sizes.length);
  return setting({ ...described, allowed }, pool);
}

function poolSize(part: string): PoolSize {
  const [language = '', sizes = ''] = part.split('=');
  const [min = '', max] = sizes.split(':');
  return { language, min: Number(min), max: max === undefined ? Math.min(largest, Number(min) * 4) : Number(max) };
}
