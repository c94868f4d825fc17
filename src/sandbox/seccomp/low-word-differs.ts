/**
 * A condition that Docker's seccomp format cannot say: that the low 32 bits of an argument differ from a value. The
 * kernel ignores the rest of such an argument, so that comparing all of it could be evaded. It becomes one rule for each
 * bit in which they may differ. Pure.
 */
export interface LowWordCondition {
  readonly index: number;
  readonly value: number;
}

export interface BitCondition {
  readonly index: number;
  /** The mask. */
  readonly value: number;
  readonly valueTwo: number;
  readonly op: 'SCMP_CMP_MASKED_EQ';
}

const bits = Array.from({ length: 32 }, (_, bit) => 2 ** bit);

/** Conditions of which at least one holds just where the low word differs. */
export function lowWordDiffers({ index, value }: LowWordCondition): BitCondition[] {
  return bits.map((mask) => {
    const isSet = Math.floor(value / mask) % 2 === 1;
    return { index, value: mask, valueTwo: isSet ? 0 : mask, op: 'SCMP_CMP_MASKED_EQ' };
  });
}
