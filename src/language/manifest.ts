/**
 * The shape of `images/<language>/manifest.json`, checked where it is read. A manifest says how to start a language; how
 * to build it stands in the Dockerfile beside it. Unknown keys are refused, so that a misspelt one is noticed.
 */
import { z } from 'zod';

const argv = z.array(z.string().min(1)).min(1);
const variable = z.string().regex(/^[A-Z_][A-Z0-9_]*$/, 'must be an environment variable in capitals');

export const manifestSchema = z.strictObject({
  title: z.string().min(1),
  repl: argv.nullable(),
  run: z.strictObject({ file: z.string().min(1), build: argv.nullable(), argv }).nullable(),
  /** argv of a program that does what images/agent/evaluate.py does; absent where functions cannot be called. */
  evaluate: argv.optional(),
  version: argv,
  env: z.record(variable, z.string()),
  startup_hook: z
    .strictObject({ variable, path: z.string().startsWith('/', 'must be an absolute path in the sandbox') })
    .nullable(),
  host_programs: z.array(z.string().min(1)),
  /** What the Dockerfile builds on unless told otherwise. */
  base_image: z.string().min(1),
});

export type Manifest = z.infer<typeof manifestSchema>;
