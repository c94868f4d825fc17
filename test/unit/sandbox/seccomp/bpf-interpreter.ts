/** A classic BPF interpreter for the few opcodes of seccomp programs: what the kernel would answer to one call. */
export interface SyscallData {
  readonly number: number;
  readonly arch: number;
  readonly args?: readonly bigint[];
}

/** struct seccomp_data: number, architecture, instruction pointer, six arguments. */
function layOut({ number, arch, args = [] }: SyscallData): Buffer {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(number, 0);
  data.writeUInt32LE(arch, 4);
  args.forEach((value, index) => data.writeBigUInt64LE(value, 16 + 8 * index));
  return data;
}

export function runBpf(program: Buffer, call: SyscallData): number {
  const data = layOut(call);
  let accumulator = 0;
  for (let at = 0; at * 8 < program.length; at += 1) {
    const code = program.readUInt16LE(at * 8);
    const k = program.readUInt32LE(at * 8 + 4);
    const [jt, jf] = [program.readUInt8(at * 8 + 2), program.readUInt8(at * 8 + 3)];
    if (code === 0x06) return k;
    else if (code === 0x20) accumulator = data.readUInt32LE(k);
    else if (code === 0x54) accumulator = (accumulator & k) >>> 0;
    else if (code === 0x05) at += k;
    else if (code === 0x15) at += accumulator === k ? jt : jf;
    else if (code === 0x35) at += accumulator >= k ? jt : jf;
    else throw new Error(`opcode ${code} at ${at}`);
  }
  throw new Error('the program runs past its end');
}
