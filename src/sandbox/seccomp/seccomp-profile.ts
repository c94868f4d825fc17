/**
 * The syscall filter of every sandbox, read from profile.json: the same text goes to Docker as it stands and is compiled
 * for bubblewrap by `bpf`. It refuses a profile that uses more of Docker's format than `bpf` understands, so that both
 * drivers always enforce the same thing.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
// The type alone: it makes tsc lay the JSON beside the compiled file.
import type profileFile from './profile.json';

const condition = z.strictObject({
  index: z.int().min(0).max(5),
  value: z.int().nonnegative(),
  valueTwo: z.int().nonnegative(),
  op: z.enum(['SCMP_CMP_EQ', 'SCMP_CMP_MASKED_EQ']),
});

const rule = z
  .strictObject({
    comment: z.string(),
    names: z.array(z.string()).min(1),
    action: z.enum(['SCMP_ACT_ALLOW', 'SCMP_ACT_ERRNO']),
    errnoRet: z.int().min(1).max(4095).optional(),
    args: z.array(condition).optional(),
  })
  .refine(({ args = [] }) => new Set(args.map(({ index }) => index)).size === args.length, {
    message: 'Docker reads two conditions on one argument as alternatives',
  });

const profile = z.strictObject({
  defaultAction: z.literal('SCMP_ACT_ERRNO'),
  archMap: z.array(z.strictObject({ architecture: z.string(), subArchitectures: z.array(z.string()).max(0) })),
  syscalls: z.array(rule),
});

/** Docker's seccomp format, as far as this project uses it. All conditions of a rule must hold; one rule is enough. */
export type SeccompProfile = z.infer<typeof profile>;
export type SeccompRule = SeccompProfile['syscalls'][number];
export type SeccompCondition = z.infer<typeof condition>;

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
