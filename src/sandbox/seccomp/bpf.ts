/**
 * Compiles a seccomp profile to the classic BPF program that `bwrap --seccomp` loads: one binary search over ranges of
 * syscall numbers, whose leaves return an action or check arguments. Pure. It knows neither names that the architecture
 * lacks (they are left out, as Docker does) nor any action beyond allow and errno.
 */
import type { SeccompCondition, SeccompProfile, SeccompRule } from './seccomp-profile.js';
import { syscallNumbers } from './syscall-numbers.js';

export type BpfArchitecture = keyof typeof syscallNumbers;

/** One struct sock_filter. */
interface Instruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

/** Numbers from `from` up to the next range's are answered by `code`, which always ends in a return. */
interface Range {
  readonly from: number;
  readonly code: readonly Instruction[];
}

// Opcodes of linux/bpf_common.h, and return values and field offsets of linux/seccomp.h.
const LOAD = 0x20;
const AND = 0x54;
const JUMP = 0x05;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_AT_LEAST = 0x35;
const RETURN = 0x06;
const KILL_PROCESS = 0x80000000;
const ERRNO = 0x00050000;
const ALLOW = 0x7fff0000;
const NUMBER_OFFSET = 0;
const ARCH_OFFSET = 4;
const ARGS_OFFSET = 16;
const MAX_SHORT_JUMP = 255;
const EPERM = 1;
const ENOSYS = 38;

/** AUDIT_ARCH_* of linux/audit.h. */
const auditArch: Readonly<Record<BpfArchitecture, number>> = { x64: 0xc000003e, arm64: 0xc00000b7 };

function op(code: number, k: number, jt = 0, jf = 0): Instruction {
  return { code, jt, jf, k };
}

/** Compares one 32-bit half of an argument; the caller points the miss at the next rule. */
function half(offset: number, mask: number, wanted: number): Instruction[] {
  const masking = mask === 0xffffffff ? [] : [op(AND, mask)];
  return mask === 0 ? [] : [op(LOAD, offset), ...masking, op(JUMP_IF_EQUAL, wanted)];
}

function halves(value: number): { low: number; high: number } {
  return { low: value % 2 ** 32, high: Math.floor(value / 2 ** 32) };
}

function conditionCode({ index, op: comparison, value, valueTwo }: SeccompCondition): Instruction[] {
  const offset = ARGS_OFFSET + 8 * index;
  const masked = comparison === 'SCMP_CMP_MASKED_EQ';
  const mask = masked ? halves(value) : { low: 0xffffffff, high: 0xffffffff };
  const wanted = halves(masked ? valueTwo : value);
  return [...half(offset, mask.low, wanted.low), ...half(offset + 4, mask.high, wanted.high)];
}

function actionCode(rule: SeccompRule): Instruction {
  return op(RETURN, rule.action === 'SCMP_ACT_ALLOW' ? ALLOW : ERRNO | (rule.errnoRet ?? EPERM));
}

/** A rule's checks, each miss jumping behind the rule's action. */
function ruleCode(rule: SeccompRule): Instruction[] {
  const checks = (rule.args ?? []).flatMap(conditionCode);
  const aimed = checks.map((instruction, index) =>
    instruction.code === JUMP_IF_EQUAL ? { ...instruction, jf: checks.length - index } : instruction,
  );
  return [...aimed, actionCode(rule)];
}

/** The code for one syscall: its rules in turn, then the default. */
function syscallCode(rules: readonly SeccompRule[]): Instruction[] {
  const unconditional = rules.find(({ args = [] }) => args.length === 0);
  if (unconditional !== undefined) return [actionCode(unconditional)];
  return [...rules.flatMap(ruleCode), op(RETURN, ERRNO | EPERM)];
}

function sameCode(a: readonly Instruction[], b: readonly Instruction[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** The whole number space as ranges; neighbours that are answered alike are one range. */
function rangesOf(profile: SeccompProfile, numbers: ReadonlyMap<string, number>): Range[] {
  const rulesByNumber = new Map<number, SeccompRule[]>();
  for (const rule of profile.syscalls) {
    for (const name of rule.names) {
      const number = numbers.get(name);
      if (number !== undefined) rulesByNumber.set(number, [...(rulesByNumber.get(number) ?? []), rule]);
    }
  }
  const newest = Math.max(...numbers.values());
  const ranges: Range[] = [];
  for (let from = 0; from <= newest; from += 1) {
    const code = syscallCode(rulesByNumber.get(from) ?? []);
    const last = ranges.at(-1);
    if (last === undefined || !sameCode(last.code, code)) ranges.push({ from, code });
  }
  // A kernel newer than the table: programs handle ENOSYS better than EPERM. x32 numbers end here as well.
  return [...ranges, { from: newest + 1, code: [op(RETURN, ERRNO | ENOSYS)] }];
}

function searchCode(ranges: readonly Range[]): Instruction[] {
  const middle = Math.floor(ranges.length / 2);
  const pivot = ranges[middle];
  if (pivot === undefined) throw new RangeError('a search needs a range');
  if (ranges.length === 1) return [...pivot.code];
  const below = searchCode(ranges.slice(0, middle));
  const rest = searchCode(ranges.slice(middle));
  const jump =
    below.length <= MAX_SHORT_JUMP
      ? [op(JUMP_IF_AT_LEAST, pivot.from, below.length, 0)]
      : [op(JUMP_IF_AT_LEAST, pivot.from, 0, 1), op(JUMP, below.length)];
  return [...jump, ...below, ...rest];
}

function encode(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * 8);
  program.forEach(({ code, jt, jf, k }, index) => {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(jt, index * 8 + 2);
    bytes.writeUInt8(jf, index * 8 + 3);
    bytes.writeUInt32LE(k >>> 0, index * 8 + 4);
  });
  return bytes;
}

/** The program as an array of struct sock_filter, little endian. Another architecture's calls kill the process. */
export function compileSeccomp(profile: SeccompProfile, architecture: BpfArchitecture): Buffer {
  return encode([
    op(LOAD, ARCH_OFFSET),
    op(JUMP_IF_EQUAL, auditArch[architecture], 1, 0),
    op(RETURN, KILL_PROCESS),
    op(LOAD, NUMBER_OFFSET),
    ...searchCode(rangesOf(profile, syscallNumbers[architecture])),
  ]);
}
