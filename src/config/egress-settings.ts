/** The settings of the way out: how each is read. What the entries mean is in egress/allow-list.ts. */
import { z } from 'zod';
import { hostName, parseEntry, shownEntry, type EgressEntry } from '../egress/allow-list.js';
import type { PipIndex } from '../egress/egress-environment.js';
import { setting, splitAtCommas, type Described, type Setting } from './setting.js';

export function egressEntries(described: Described): Setting<readonly EgressEntry[]> {
  const allowed =
    'name:port, or name:port/http for plain HTTP, each with @network behind it where it is not on the public internet, commas between, each name and port once';
  const schema = splitAtCommas
    .transform((parts) => parts.map(parseEntry))
    .pipe(z.array(z.custom<EgressEntry>((entry) => entry !== null)))
    .refine((entries) => new Set(entries.map(shownEntry)).size === entries.length);
  return setting({ ...described, allowed }, schema);
}

/** '' is null. */
export function pipIndex(described: Described): Setting<PipIndex | null> {
  const allowed = 'an http or https URL without user, query and fragment';
  const schema = z.string().transform((value, context) => {
    if (value === '') return null;
    const index = readIndex(value);
    if (index !== null) return index;
    context.addIssue({ code: 'custom', message: 'is no index' });
    return z.NEVER;
  });
  return setting<PipIndex | null>({ ...described, allowed }, schema);
}

function readIndex(value: string): PipIndex | null {
  if (!URL.canParse(value) || /[\s?#@]/.test(value)) return null;
  const { protocol, hostname, port } = new URL(value);
  const name = hostName(hostname);
  if (name === null || !['http:', 'https:'].includes(protocol)) return null;
  const plain = protocol === 'http:';
  return { url: value, name, port: port === '' ? (plain ? 80 : 443) : Number(port), plain };
}
