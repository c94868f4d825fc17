/** The process in which one target is fuzzed; scripts/fuzz.mjs starts it, and reads its lines of JSON. */
import { z } from 'zod';
import { Fuzzing } from './fuzzing.js';
import { everyTarget } from './targets/every-target.js';

const orderSchema = z.strictObject({
  target: z.string(),
  seed: z.int(),
  first: z.int(),
  maxInputs: z.number().nullable(),
  maxSeconds: z.number().nullable(),
});

const tell = (line: object): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};

const [order] = process.argv.slice(2);
if (order === undefined) {
  for (const { name, about, short } of everyTarget) tell({ name, about, short });
} else {
  const { target: name, seed, first, maxInputs, maxSeconds } = orderSchema.parse(JSON.parse(order));
  const target = everyTarget.find((candidate) => candidate.name === name);
  if (target === undefined) throw new Error(`there is no target ${name}`);
  const bounds = { maxInputs: maxInputs ?? Infinity, maxSeconds: maxSeconds ?? Infinity };
  tell({ tally: await new Fuzzing(target, { seed, first, ...bounds }).run() });
  // What a target has left open is among its finds by now, and must not keep the process.
  process.exit();
}
