/**
 * The syscall filter of every sandbox, read from profile.json: the same rules go to Docker as text and are compiled for
 * bubblewrap by `bpf`. It refuses a profile that uses more of Docker's format than `bpf` understands, so that both
 * drivers always enforce the same thing; what that format lacks is spelt out in rules that it has.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
// The type alone: it makes tsc lay the JSON beside the compiled file.
import { lowWordDiffers } from './low-word-differs.js';
import type profileFile from './profile.json';

const condition = z.strictObject({
  index: z.int().min(0).max(5),
  value: z.int().nonnegative(),
  valueTwo: z.int().nonnegative(),
  op: z.enum(['SCMP_CMP_EQ', 'SCMP_CMP_MASKED_EQ']),
});

/** Ours alone: the low 32 bits of the argument differ from the value. */
const lowWordCondition = z.strictObject({
  index: z.int().min(0).max(5),
  value: z.int().min(0).max(0xffffffff),
  valueTwo: z.literal(0),
  op: z.literal('LOW_WORD_NE'),
});

const head = {
  comment: z.string(),
  names: z.array(z.string()).min(1),
  action: z.enum(['SCMP_ACT_ALLOW', 'SCMP_ACT_ERRNO']),
};

const plainRule = z
  .strictObject({
    ...head,
    /** 0 has the call succeed without being made. */
    errnoRet: z.int().min(0).max(4095).optional(),
    args: z.array(condition).optional(),
  })
  .refine(({ args = [] }) => new Set(args.map(({ index }) => index)).size === args.length, {
    message: 'Docker reads two conditions on one argument as alternatives',
  })
  .transform((rule) => [rule]);

const lowWordRule = z
  .strictObject({ ...head, args: z.tuple([lowWordCondition]) })
  .transform(({ args: [differs], ...rest }) => lowWordDiffers(differs).map((bit) => ({ ...rest, args: [bit] })));

const profile = z.strictObject({
  defaultAction: z.literal('SCMP_ACT_ERRNO'),
  archMap: z.array(z.strictObject({ architecture: z.string(), subArchitectures: z.array(z.string()).max(0) })),
  syscalls: z.array(z.union([lowWordRule, plainRule])).transform((rules) => rules.flat()),
});

export type SeccompCondition = z.infer<typeof condition>;

/** All conditions of a rule must hold; one rule is enough. */
export interface SeccompRule extends z.infer<z.ZodObject<typeof head>> {
  readonly errnoRet?: number | undefined;
  readonly args?: readonly SeccompCondition[] | undefined;
}

/** Docker's seccomp format, as far as this project uses it. */
export interface SeccompProfile extends Omit<z.infer<typeof profile>, 'syscalls'> {
  readonly syscalls: readonly SeccompRule[];
}

/** Parses a profile; throws a ZodError that names what is wrong with it. */
export function parseSeccompProfile(value: unknown): SeccompProfile {
  return profile.parse(value);
}

/** The project's profile. */
export const seccompProfile: SeccompProfile = parseSeccompProfile(
  JSON.parse(readFileSync(new URL('./profile.json', import.meta.url), 'utf8')) satisfies typeof profileFile,
);

/** The profile as Docker's `seccomp=` security option takes it. */
export function seccompProfileText(): string {
  return JSON.stringify(seccompProfile);
}
