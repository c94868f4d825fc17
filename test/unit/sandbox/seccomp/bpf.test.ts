/** The compiled filter answers as profile.json says, evaluated by an interpreter of the kernel's own program format. */
import { describe, expect, it } from '@jest/globals';
import { compileSeccomp } from '../../../../src/sandbox/seccomp/bpf.js';
import { parseSeccompProfile, seccompProfile } from '../../../../src/sandbox/seccomp/seccomp-profile.js';
import { syscallNumbers } from '../../../../src/sandbox/seccomp/syscall-numbers.js';
import { runBpf } from './bpf-interpreter.js';

const ALLOW = 0x7fff0000;
const EPERM = 0x00050001;
const ENOSYS = 0x00050026;
const KILL = 0x80000000;
const ERRNO = 0x00050000;
const DONE = ERRNO;
const CLONE_NEWUSER = 0x10000000n;

describe.each([
  { name: 'x64', arch: 0xc000003e },
  { name: 'arm64', arch: 0xc00000b7 },
] as const)('compileSeccomp for $name', ({ name, arch }) => {
  const program = compileSeccomp(seccompProfile, name);
  const numberOf = (call: string) => {
    const number = syscallNumbers[name].get(call);
    if (number === undefined) throw new Error(`${name} has no ${call}`);
    return number;
  };
  const answer = (call: string, ...args: bigint[]) => runBpf(program, { number: numberOf(call), arch, args });

  it('answers every known call exactly as the profile lists it', () => {
    const unconditional = new Map(
      seccompProfile.syscalls
        .filter(({ args }) => args === undefined)
        .flatMap(({ names, action, errnoRet = 1 }) =>
          names.map((call): [string, number] => [call, action === 'SCMP_ACT_ALLOW' ? ALLOW : ERRNO | errnoRet]),
        ),
    );
    const conditional = new Set(seccompProfile.syscalls.filter(({ args }) => args).flatMap(({ names }) => names));
    for (const call of syscallNumbers[name].keys()) {
      if (conditional.has(call)) continue;
      expect([call, answer(call)]).toEqual([call, unconditional.get(call) ?? EPERM]);
    }
  });

  it.each([
    ...['mount', 'umount2', 'pivot_root', 'setns', 'unshare', 'ptrace', 'process_vm_readv', 'kcmp', 'bpf', 'chroot'],
    ...['perf_event_open', 'userfaultfd', 'io_uring_setup', 'keyctl', 'add_key', 'request_key', 'kexec_load', 'acct'],
    ...['init_module', 'reboot', 'swapon', 'settimeofday', 'clock_settime', 'quotactl', 'open_by_handle_at', 'syslog'],
    ...['name_to_handle_at', 'fanotify_init', 'memfd_secret', 'vhangup', 'pidfd_getfd', 'process_madvise', 'fsopen'],
  ])('denies %s', (call) => {
    expect(answer(call)).toBe(EPERM);
  });

  it('allows threads and forks but no new namespace', () => {
    expect(answer('clone', 0x3d0f00n)).toBe(ALLOW);
    expect(answer('clone', 17n)).toBe(ALLOW);
    expect(answer('clone', CLONE_NEWUSER | 17n)).toBe(EPERM);
    expect(answer('clone', 0x00020000n)).toBe(EPERM);
    expect(answer('clone3')).toBe(ENOSYS);
  });

  const [stream, datagram, raw, sctp, cloexec] = [1n, 2n, 3n, 132n, 0x80000n];

  it('allows local sockets, TCP and UDP only', () => {
    const allowed = [
      ...[stream, datagram, 5n].map((type) => [1n, type | cloexec, 0n]),
      ...[2n, 10n].flatMap((family) => [
        ...[0n, 6n].map((protocol) => [family, stream, protocol]),
        ...[0n, 17n].map((protocol) => [family, datagram, protocol]),
      ]),
    ];
    for (const args of allowed) expect([args, answer('socket', ...args)]).toEqual([args, ALLOW]);
    const others = [0n, 16n, 17n, 38n, 40n].map((family) => [family, stream, 0n]);
    const odd = [2n, 10n].flatMap((family) => [
      [family, raw, 1n],
      [family, datagram, 1n],
      [family, stream, sctp],
    ]);
    for (const args of [...others, ...odd]) expect([args, answer('socket', ...args)]).toEqual([args, EPERM]);
  });

  it('lets no program type into a terminal, whatever the high bits say', () => {
    const tiocsti = 0x5412n;
    expect([tiocsti, tiocsti | (1n << 40n)].map((request) => answer('ioctl', 0n, request))).toEqual([EPERM, EPERM]);
    for (const request of [0n, 0x5401n, 0x5413n, 0x80005412n, 0xffffffffn]) {
      expect([request, answer('ioctl', 0n, request)]).toEqual([request, ALLOW]);
    }
  });

  it('takes what would hold up disks as done', () => {
    for (const call of ['sync', 'syncfs', 'fsync', 'fdatasync']) expect([call, answer(call)]).toEqual([call, DONE]);
  });

  it('does not let high bits of an argument smuggle another value through', () => {
    expect(answer('socket', (1n << 32n) | 1n, stream, 0n)).toBe(EPERM);
    expect(answer('sched_setaffinity', 1n << 32n)).toBe(EPERM);
  });

  it('lets a process set limits and scheduling of itself alone', () => {
    expect(answer('prlimit64', 0n, 7n, 0x7fff1234n)).toBe(ALLOW);
    expect(answer('prlimit64', 1n, 7n, 0n)).toBe(ALLOW);
    expect(answer('prlimit64', 1n, 7n, 0x7fff1234n)).toBe(EPERM);
    expect(answer('prlimit64', 1n, 7n, 1n << 40n)).toBe(EPERM);
    expect(answer('setpriority', 0n, 0n, 5n)).toBe(ALLOW);
    expect(answer('setpriority', 2n, 0n, 5n)).toBe(EPERM);
    expect(answer('setpriority', 0n, 1n, 5n)).toBe(EPERM);
    for (const call of ['sched_setaffinity', 'sched_setscheduler', 'sched_setparam', 'sched_setattr']) {
      expect([answer(call, 0n), answer(call, 1n)]).toEqual([ALLOW, EPERM]);
    }
  });

  it('allows the plain personality and the query', () => {
    expect([0n, 0xffffffffn, 0x40000n].map((value) => answer('personality', value))).toEqual([ALLOW, ALLOW, EPERM]);
  });

  it('kills on another architecture and reports newer and x32 numbers as not there', () => {
    expect(runBpf(program, { number: numberOf('read'), arch: 0x40000003 })).toBe(KILL);
    expect(runBpf(program, { number: 0x40000000, arch })).toBe(ENOSYS);
    expect(runBpf(program, { number: 500, arch })).toBe(ENOSYS);
  });
});

describe('compileSeccomp', () => {
  it('reaches ranges further away than a short jump', () => {
    const numbers = [...syscallNumbers.x64.keys()];
    const profile = parseSeccompProfile({
      defaultAction: 'SCMP_ACT_ERRNO',
      archMap: [],
      syscalls: numbers.map((name, index) => ({
        comment: '',
        names: [name],
        action: 'SCMP_ACT_ERRNO',
        errnoRet: index + 2,
      })),
    });
    const program = compileSeccomp(profile, 'x64');
    numbers.forEach((name, index) => {
      const call = { number: syscallNumbers.x64.get(name) ?? -1, arch: 0xc000003e };
      expect(runBpf(program, call)).toBe(0x00050000 + index + 2);
    });
  });
});

describe('parseSeccompProfile', () => {
  it('refuses what the compiler does not understand', () => {
    const rule = { comment: '', names: ['read'], action: 'SCMP_ACT_ALLOW' };
    const profile = (syscalls: unknown[]) => ({ defaultAction: 'SCMP_ACT_ERRNO', archMap: [], syscalls });
    expect(() => parseSeccompProfile(profile([rule]))).not.toThrow();
    expect(() => parseSeccompProfile(profile([{ ...rule, includes: { caps: [] } }]))).toThrow();
    const not = { index: 0, value: 1, valueTwo: 0, op: 'SCMP_CMP_NE' };
    expect(() => parseSeccompProfile(profile([{ ...rule, args: [not] }]))).toThrow();
    const same = { ...not, op: 'SCMP_CMP_EQ' };
    expect(() => parseSeccompProfile(profile([{ ...rule, args: [same, same] }]))).toThrow(/alternatives/);
  });
});
