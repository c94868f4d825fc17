/**
 * What a container says of the sandbox in it, so that any runner on the daemon can rebuild its spec: labels, which
 * sandboxed code can neither read nor change. Pure. Labels of a foreign or damaged container never throw.
 */
import { z } from 'zod';
import type { Language } from '../../language/language.js';
import { defaultLimits, type Limits } from '../limits.js';
import type { SandboxIdentity, SandboxSpec } from '../sandbox.js';

/** Every container of this project has it; its value is 1. */
export const ownLabel = 'repl_runner';

const label = {
  deployment: `${ownLabel}.deployment`,
  replica: `${ownLabel}.replica`,
  sessionId: `${ownLabel}.session_id`,
  viewId: `${ownLabel}.view_id`,
  language: `${ownLabel}.language`,
  limits: `${ownLabel}.limits`,
  orphanSeconds: `${ownLabel}.orphan_seconds`,
} as const;

const positive = z.number().positive();
const limitsSchema = z.strictObject({
  cpus: positive,
  memoryBytes: positive,
  processes: positive,
  diskBytes: positive,
  inodes: positive,
  openFiles: positive,
  fileBytes: positive,
}) satisfies z.ZodType<Limits>;

const labelsSchema = z.object({
  [label.replica]: z.string().min(1),
  [label.sessionId]: z.string().min(1),
  [label.viewId]: z.string().min(1),
  [label.language]: z.string().min(1),
  [label.limits]: z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(limitsSchema),
  [label.orphanSeconds]: z.coerce.number().positive(),
});

/** What all sandboxes of a deployment have in common. */
export function deploymentLabels(deployment: string): Record<string, string> {
  return { [ownLabel]: '1', [label.deployment]: deployment };
}

export function containerLabels(spec: SandboxSpec, deployment: string): Record<string, string> {
  const { identity, language, limits, orphanSeconds } = spec;
  return {
    ...deploymentLabels(deployment),
    [label.replica]: identity.replica,
    [label.sessionId]: identity.sessionId,
    [label.viewId]: identity.viewId,
    [label.language]: language.name,
    [label.limits]: JSON.stringify(limits),
    [label.orphanSeconds]: String(orphanSeconds),
  };
}

/** `repl_` and the unguessable part of the session's id. */
export function containerName({ sessionId }: SandboxIdentity): string {
  return `repl_${sessionId.slice(sessionId.lastIndexOf('.') + 1)}`;
}

/** A spec read back. `problem` says why the sandbox can be destroyed but not taken up again; null when it can. */
export interface ReadSpec {
  readonly spec: SandboxSpec;
  readonly problem: string | null;
}

export function specOfLabels(labels: Readonly<Record<string, string>>, languages: readonly Language[]): ReadSpec {
  const parsed = parseLabels(labels);
  const name = labels[label.language] ?? '';
  const language = languages.find((candidate) => candidate.name === name);
  const problem =
    parsed === null
      ? 'its labels are not those of a sandbox of this version'
      : language === undefined
        ? `its language is not served here: ${name}`
        : null;
  const spec = {
    identity: {
      sessionId: labels[label.sessionId] ?? '',
      viewId: labels[label.viewId] ?? '',
      replica: labels[label.replica] ?? '',
    },
    language: language ?? unknownLanguage(name),
    limits: parsed?.[label.limits] ?? defaultLimits,
    orphanSeconds: parsed?.[label.orphanSeconds] ?? 0,
  };
  return { spec, problem };
}

function parseLabels(labels: Readonly<Record<string, string>>): z.infer<typeof labelsSchema> | null {
  try {
    return labelsSchema.parse(labels);
  } catch {
    return null;
  }
}

/** Stands where a spec needs a language; nothing is ever started with it. */
function unknownLanguage(name: string): Language {
  return {
    name,
    title: name,
    image: '',
    repl: [],
    run: null,
    env: {},
    startupHook: null,
    hostPrograms: [],
    version: [],
  };
}
