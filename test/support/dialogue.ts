/**
 * The shape of `images/<language>/dialogue.json`: how a language shows that it works. A conversation at its REPL, and a
 * program to run; the suites that play them know no language.
 */
import { readFile, readdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

export const imagesFolder = fileURLToPath(new URL('../../images', import.meta.url));

const files = z.record(z.string().min(1), z.string());
/** What must appear on the screen, below a typed line or from where keys were pressed on, one after the other. */
const see = z.array(z.string().min(1)).min(1);

const step = z.union([
  /** A line, with Enter after it. */
  z.strictObject({ type: z.string(), see }),
  /** Keys as a terminal sends them. */
  z.strictObject({ press: z.string().min(1), see }),
]);

export const dialogueSchema = z.strictObject({
  /** Heavy ones are played by `npm run test:languages` alone. */
  weight: z.enum(['light', 'heavy']),
  /** Null where there is no REPL. */
  repl: z.strictObject({ files, greeting: see, steps: z.array(step).min(2) }).nullable(),
  /** What `run` makes of these files; null for a language that runs none. */
  run: z
    .strictObject({
      files,
      args: z.array(z.string()).default([]),
      stdin: z.string().default(''),
      stdout: z.string().min(1),
    })
    .nullable(),
});

export type Dialogue = z.infer<typeof dialogueSchema>;
export type ReplDialogue = NonNullable<Dialogue['repl']>;

/** Of every language that has one, by name. */
export async function readDialogues(): Promise<ReadonlyMap<string, Dialogue>> {
  const found = new Map<string, Dialogue>();
  for (const name of (await readdir(imagesFolder)).sort()) {
    const path = join(imagesFolder, name, 'dialogue.json');
    if (existsSync(path)) found.set(name, dialogueSchema.parse(JSON.parse(await readFile(path, 'utf8'))));
  }
  return found;
}
