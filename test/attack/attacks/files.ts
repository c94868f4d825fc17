/** Attacks through files: links, fifos and devices against every file call, hostile archives, modules named like Python's. */
import { gzipSync } from 'node:zlib';
import { RawTar } from '../../support/raw-tar.js';
import type { Answer } from '../attacked-runner.js';
import type { Attack, Door } from '../attack.js';
import { described, restart, run } from '../doors.js';
import type { Scene } from '../scene.js';

const octets = 'application/octet-stream';
/** Links by which a call may not leave, and what may hold up who opens it; see make_traps.py. */
const traps = [
  ...[
    'passwd',
    'shadow',
    'environ',
    'own-memory',
    'zeros',
    'random',
    'terminal',
    'upwards',
    'agent',
    'outside',
    'loop',
  ],
  ...['proc-root', 'proc-cwd', 'descriptor', 'agents-root', 'fifo', 'socket', 'listening', 'chain-0', 'chain-59'],
].map((name) => `trap-${name}`);
const below = [
  ...['folder-root/etc/passwd', 'folder-etc/passwd', 'folder-up/etc/passwd', 'folder-proc/environ'],
  ...['folder-tmp/outside', 'folder-root/sandbox/probe.py', 'folder-root/new'],
].map((name) => `trap-${name}`);
/** As they stand in a URL. */
const crooked = ['..%2f..%2fetc%2fpasswd', '%2e%2e/etc/passwd', '%2fetc%2fpasswd', 'a%00b', '%c0%ae%c0%ae/x'];

async function refused(calls: readonly (readonly [string, Promise<Answer>])[]): Promise<string> {
  const answers = await Promise.all(calls.map(async ([name, call]) => ({ name, ...(await call) })));
  const through = answers.filter(({ status }) => status < 400 || status >= 500);
  if (through.length === 0) return `refused all ${answers.length}`;
  return `LET THROUGH: ${through.map(({ name, status }) => `${name} (${status})`).join(', ')}`;
}

async function setTraps(scene: Scene, ...args: string[]): Promise<void> {
  const told = await run('make_traps.py', { args })(scene);
  if (told !== 'ok: set') throw new Error(told);
}

const readTraps: Door = async (scene) => {
  await setTraps(scene);
  const names = [...traps, ...below, ...crooked];
  return await refused(names.map((name) => [`GET ${name}`, scene.call('GET', `/files/${name}`)] as const));
};

const writeThroughTraps: Door = async (scene) => {
  await setTraps(scene);
  const put = (name: string) => scene.call('PUT', `/files/${name}`, Buffer.from('overwritten'), octets);
  const move = (from: string, to: string) => scene.call('PATCH', `/files/${from}`, { path: to });
  const told = await refused([
    ...[...below, ...crooked].map((name) => [`PUT ${name}`, put(name)] as const),
    ...below.map((name) => [`DELETE ${name}`, scene.call('DELETE', `/files/${name}`)] as const),
    ...below.map((name) => [`PATCH to ${name}`, move('probe.py', name)] as const),
    ...['../out', '/tmp/out', 'a/../../out'].map((name) => [`PATCH to ${name}`, move('probe.py', name)] as const),
    ...['trap-folder-root', 'trap-folder-tmp'].map(
      (name) => [`list ${name}`, scene.call('GET', `/files?path=${name}`)] as const,
    ),
  ]);
  const outside = await scene.run({ argv: ['cat', '/tmp/outside'] });
  return `${told}; outside ${outside.stdout.content === 'out of reach' ? 'untouched' : 'CHANGED'}`;
};

/** The workspace as an archive, by a list and by removal of all: what is not the workspace's is in none of them. */
const takeTraps: Door = async (scene) => {
  await setTraps(scene);
  const archive = await scene.call('GET', '/archive');
  const list = await scene.call('GET', '/files');
  const leaks = [archive, list].filter(({ body }) => /root:x:|out of reach|PID 1 of every/.test(JSON.stringify(body)));
  for (const name of traps) await scene.call('DELETE', `/files/${name}`);
  const after = await scene.run({ argv: ['cat', '/tmp/outside', '/etc/hostname'] });
  const kept = after.stdout.content?.startsWith('out of reach') === true;
  return `${archive.status} and ${list.status}, ${leaks.length} leaks; outside ${kept ? 'untouched' : 'CHANGED'}`;
};

const hugeHole: Door = async (scene) => {
  await setTraps(scene, 'sparse');
  const { status } = await scene.call('GET', '/archive');
  return `${status}; then ${(await scene.works()) ? 'works' : 'BROKEN'}`;
};

const deep = Array.from({ length: 200 }, () => 'd').join('/');
const archives: Readonly<Record<string, Buffer>> = {
  upwards: new RawTar().file('../evil', 'x').end(),
  absolute: new RawTar().file('/tmp/evil', 'x').end(),
  'a link out, then a file through it': new RawTar().symlink('a', '/tmp').file('a/evil', 'x').end(),
  'a link upwards': new RawTar().symlink('a', '../etc').end(),
  'a hard link out': new RawTar().hardlink('a', '/etc/passwd').end(),
  'a hard link to a link': new RawTar().symlink('a', 'b').hardlink('c', 'a').file('c', 'x').end(),
  'a device': new RawTar().entry('3', 'null').end(),
  'a disk': new RawTar().entry('4', 'sda').end(),
  'a fifo': new RawTar().entry('6', 'pipe').end(),
  deep: new RawTar().file(deep, 'x').end(),
  'a size that is a lie': new RawTar().file('a', 'x', { size: 8 * 1024 ** 3 - 1 }).end(),
  'a long name in pax': new RawTar()
    .pax({ path: `${'x/'.repeat(5000)}evil` })
    .file('a', 'x')
    .end(),
  'upwards in pax': new RawTar().pax({ path: '../../evil' }).file('a', 'x').end(),
  'a name with a zero': new RawTar().pax({ path: 'a\0/../../evil' }).file('a', 'x').end(),
  'many entries': Buffer.concat([
    ...Array<Buffer>(10_001).fill(new RawTar().file('same', '').body()),
    Buffer.alloc(1024),
  ]),
  'a bomb': gzipSync(new RawTar().file('zeros', '0'.repeat(100 * 1024 * 1024)).end()),
  'no archive': Buffer.from('not a tar at all'.repeat(100)),
};

const hostileArchives: Door = async (scene) => {
  const before = JSON.stringify((await scene.call('GET', '/files')).body);
  const told = await refused(
    Object.entries(archives).map(([name, archive]) => {
      const type = archive[0] === 0x1f ? 'application/gzip' : 'application/x-tar';
      return [name, scene.call('PUT', '/archive?merge=1', archive, type)] as const;
    }),
  );
  const after = JSON.stringify((await scene.call('GET', '/files')).body);
  return `${told}; the workspace is ${after === before ? 'as before' : 'CHANGED'}`;
};

/** Modules that Python would find before its own: the user's programs may take them, the agent may not. */
function shadowModules(...names: string[]): Door {
  return async (scene) => {
    const told = await run('shadow_modules.py', { args: names })(scene);
    await restart(scene);
    await scene.call('GET', '/files');
    await scene.call('GET', '/archive');
    const works = await scene.works();
    const taken = (await scene.call('GET', '/files/TAKEN')).status;
    return `${told}; then ${works ? 'works' : 'BROKEN'}; the agent ran ${taken === 404 ? 'none' : 'SOME'}`;
  };
}

/** The same, and whether a new REPL comes to its prompt. */
function shadowRepl(...names: string[]): Door {
  return async (scene) => {
    const told = await shadowModules(...names)(scene);
    return `${told}; the prompt ${(await scene.answers()) ? 'works' : 'is BROKEN'}`;
  };
}

const evaluateShadowed: Door = async (scene) => {
  await run('shadow_modules.py')(scene);
  const body = { code: 'def f(x):\n    return x + 1\n', entry_point: 'f', io_cases: [{ input: '1', output: 2 }] };
  const { body: told } = await scene.call('POST', '/evaluate', body);
  return `passed: ${String((told as { passed?: boolean }).passed)}`;
};

const linkRace: Door = async (scene) => {
  const swap =
    'import os, time\nos.mkdir("d"); open("d/f", "w").write("mine"); os.symlink("/etc", "l")\nend = time.time() + 2\n' +
    'while time.time() < end:\n  os.rename("d", "t"); os.rename("l", "d"); os.rename("d", "l"); os.rename("t", "d")\n';
  const swapping = scene.run({ argv: ['python3', '-c', swap] });
  let leaks = 0;
  let tries = 0;
  const over = swapping.then(() => true);
  do {
    const { status, body } = await scene.call('GET', '/files/d/hostname');
    tries += 1;
    if (status === 200) leaks += JSON.stringify(body).length;
  } while (!(await Promise.race([over, Promise.resolve(false)])));
  await swapping;
  return `${tries > 10 ? 'many' : 'FEW'} tries, ${leaks} leaks; ${described(await scene.run({ argv: ['true'] }))}`;
};

export const fileAttacks: readonly Attack[] = [
  { name: 'links, fifos and crooked paths against reading', door: readTraps, expected: /^refused all \d+$/ },
  {
    name: 'links and crooked paths against writing, renaming and removing',
    door: writeThroughTraps,
    expected: /^refused all \d+; outside untouched$/,
  },
  {
    name: 'links in the archive, the list and removals',
    door: takeTraps,
    expected: /^200 and 200, 0 leaks; outside untouched$/,
  },
  { name: 'a folder that becomes a link while it is read', door: linkRace, expected: /^many tries, 0 leaks; ok$/ },
  { name: 'a sparse file in the archive', door: hugeHole, expected: /^413; then works$/ },
  {
    name: 'hostile archives',
    door: hostileArchives,
    expected: /^refused all \d+; the workspace is as before$/,
  },
  {
    name: "a workspace's python.py, site.py and usercustomize.py",
    door: shadowRepl('python', 'site', 'usercustomize', 'sitecustomize', 'agent', 'evaluate'),
    expected: /^ok: set for .*; then works; the agent ran none; the prompt works$/,
  },
  {
    name: "a workspace full of modules named like Python's",
    door: shadowModules(),
    expected: /^ok: set for .*; then works; the agent ran none$/,
  },
  { name: 'an evaluation in such a workspace', door: evaluateShadowed, expected: /^passed: true$/ },
];
