/** The filters of a list of containers: labels of sandboxes alone, and among them always those that make them ours. Pure. */
import { z } from 'zod';
import { deploymentLabels } from '../src/sandbox/docker/container-labels.js';
import { Refusal } from './refusal.js';

const filters = z.strictObject({
  label: z
    .array(z.string().regex(/^repl_runner(\.[a-z_]{1,40})?(=[\x20-\x7e]{0,200})?$/))
    .max(10)
    .optional(),
});

/** @param text JSON as it came; undefined where there was none. Throws Refusal */
export function forcedFilters(deployment: string, text: string | undefined): string {
  const read = filters.safeParse(parseJson(text ?? '{}'));
  if (!read.success) throw new Refusal(403, 'The guard refuses these filters; allowed are labels of sandboxes.');
  const own = Object.entries(deploymentLabels(deployment)).map(([name, value]) => `${name}=${value}`);
  return JSON.stringify({ label: [...own, ...(read.data.label ?? [])] });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
