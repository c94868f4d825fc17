/** Attacks on the kernel's walls: system calls, mounts, namespaces, devices, clocks, sockets, and what /proc shows. */
import { networkInterfaces } from 'node:os';
import type { SeccompRule } from '../../../src/sandbox/seccomp/seccomp-profile.js';
import { seccompProfile } from '../../../src/sandbox/seccomp/seccomp-profile.js';
import { syscallNumbers } from '../../../src/sandbox/seccomp/syscall-numbers.js';
import type { Attack, Door } from '../attack.js';
import { described, run, runAndUse } from '../doors.js';

/** A label, a number, arguments, and the errors of which one must come. */
type Call = readonly [string, number, readonly (number | 'buffer')[], ...string[]];

const numbers = syscallNumbers[process.arch === 'arm64' ? 'arm64' : 'x64'];
const errorNames: Readonly<Record<number, string>> = { 1: 'EPERM', 38: 'ENOSYS' };

function numberOf(name: string): number {
  const number = numbers.get(name);
  if (number === undefined) throw new Error(`${process.arch} has no ${name}`);
  return number;
}

/** How the filter refuses a call whatever its arguments are; null where it depends on them, or is not refused. */
function refusalOf(rules: readonly SeccompRule[]): string | null {
  if (rules.length === 0) return 'EPERM';
  const [only] = rules.length === 1 ? rules : [];
  if (only?.action !== 'SCMP_ACT_ERRNO' || only.args !== undefined) return null;
  return errorNames[only.errnoRet ?? 1] ?? null;
}

/** Every call that the filter always refuses. runc has ENOSYS for those that its libseccomp does not know by name. */
const alwaysRefused: readonly Call[] = [...numbers].flatMap(([name, number]) => {
  const how = refusalOf(seccompProfile.syscalls.filter(({ names }) => names.includes(name)));
  return how === null ? [] : [[name, number, [0, 0, 0, 0, 0, 0], how, 'ENOSYS'] as const];
});

const namespaces = [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000];
const sigchld = 17;
const agent = 1;
const prioUser = 2;

const refusedByArgument: readonly Call[] = [
  ...namespaces.map((flag): Call => [`clone 0x${flag.toString(16)}`, numberOf('clone'), [flag + sigchld, 0], 'EPERM']),
  ...[0x5412, 0x5412 + 2 ** 32, 0x5412 + 2 ** 40].map((request): Call => [
    `TIOCSTI as ${request}`,
    numberOf('ioctl'),
    [0, request, 'buffer'],
    'EPERM',
  ]),
  ['prlimit64 of the agent', numberOf('prlimit64'), [agent, 7, 'buffer', 0], 'EPERM'],
  ['setpriority of the agent', numberOf('setpriority'), [0, agent, 19], 'EPERM'],
  ['setpriority of everybody', numberOf('setpriority'), [prioUser, 0, 19], 'EPERM'],
  ['ioprio_set of the agent', numberOf('ioprio_set'), [1, agent, 0x6007], 'EPERM'],
  ...['sched_setaffinity', 'sched_setscheduler', 'sched_setparam', 'sched_setattr'].map((name): Call => [
    `${name} of the agent`,
    numberOf(name),
    [agent, 0, 0],
    'EPERM',
  ]),
  ...[0x0040000, 0x0020000, 8, 0x400000].map((persona): Call => [
    `personality ${persona}`,
    numberOf('personality'),
    [persona],
    'EPERM',
  ]),
  ['socketpair of netlink', numberOf('socketpair'), [16, 3, 0, 'buffer'], 'EPERM'],
];

const otherInterface: readonly Call[] = [['x32', 0x40000000 + 1, [0, 0, 0], 'ENOSYS']];

/** The filter's answers, from within, by number and without the C library. */
function calls(list: readonly Call[]): Door {
  return async (scene) => {
    await scene.bring('call_the_forbidden.py');
    const body = Buffer.from(JSON.stringify(list));
    await scene.call('PUT', '/files/calls.json', body, 'application/octet-stream');
    return described(await scene.run({ argv: ['python3', 'call_the_forbidden.py'] }));
  };
}

/** Every form of network, with this host's own addresses and the runner's port among the goals. */
const reachTheNetwork: Door = async (scene) => {
  const addresses = Object.values(networkInterfaces())
    .flatMap((found) => found ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address);
  const args = [String(scene.runner.program.port), ...addresses];
  return await run('reach_the_network.py', { args, wallSeconds: 30 })(scene);
};

/** A neighbour listens on an abstract socket; the attacker asks for it by its name. */
const reachAbstractSockets: Door = async (scene) => {
  const { terminal } = scene.runner.neighbour;
  const other = await scene.runner.call('POST', '/repl', { language: 'python' });
  const { id, websocket } = other.body as { id: string; websocket: string };
  const listener = scene.runner.attach(websocket);
  await listener.until('>>> ');
  await listener.run('import socket; s = socket.socket(socket.AF_UNIX); s.bind("\\0meeting"); s.listen()');
  const told = await run('reach_abstract.py', { args: ['meeting', '/tmp/.X11-unix/X0', '/containerd-shim'] })(scene);
  await listener.close();
  await scene.runner.call('DELETE', `/repl/${id}`);
  await terminal.until('>>> ');
  return told;
};

export const kernelAttacks: readonly Attack[] = [
  {
    name: 'every system call that the filter always refuses',
    door: calls(alwaysRefused),
    expected: /^ok: each answered as the filter says$/,
  },
  {
    name: 'system calls with arguments that the filter refuses',
    door: calls(refusedByArgument),
    expected: /^ok: each answered as the filter says$/,
  },
  {
    name: 'a system call of another interface',
    door: calls(otherInterface),
    expected: {
      docker: /^(signal|ok: each answered as the filter says)$/,
      bubblewrap: /^ok: each answered as the filter says$/,
    },
  },
  {
    name: 'a 32-bit system call',
    door: run('call_as_32_bit.py'),
    expected: /^(signal|ok: no such interface)$/,
  },
  {
    name: 'mounts, namespaces, devices, setuid and the files of the kernel',
    door: run('break_out.py'),
    expected: /^ok: refused all \d\d+$/,
  },
  {
    name: 'memory, descriptors, limits of the agent, and every signal to it',
    door: runAndUse('touch_agent.py'),
    expected: /^ok: refused all \d\d+; then works$/,
  },
  {
    name: 'reading /proc for what is of others',
    door: run('read_proc.py'),
    expected: /^ok: nothing of anybody else$/,
  },
  {
    name: 'clocks, priorities and limits',
    door: run('cheat_the_clock.py'),
    expected: /^ok: refused all \d+$/,
  },
  {
    name: 'the network in every form, and the address of cloud metadata',
    door: reachTheNetwork,
    expected: /^ok: refused all \d\d\d$/,
  },
  {
    name: "a neighbour's abstract unix socket",
    door: reachAbstractSockets,
    expected: /^ok: refused all 3$/,
  },
];
