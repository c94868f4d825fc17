import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createCheck } from '../../../guard/create-body.js';
import { parseGuardConfig } from '../../../guard/config.js';
import { Refusal } from '../../../guard/refusal.js';
import { containerBody } from '../../support/container-body.js';
import { testDeployment } from '../../support/grounds.js';

const rules = parseGuardConfig({ REPL_GUARD_IMAGE_TAG: 'v1.2', REPL_GUARD_DEPLOYMENT: testDeployment }).create;
const check = createCheck(rules);
const { body: good } = containerBody({ tag: 'v1.2' });

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
const copy = (): Record<string, Json> => JSON.parse(JSON.stringify(good)) as Record<string, Json>;

/** The good body with one thing changed. */
function changed(path: readonly string[], value: Json | undefined): string {
  const body = copy();
  let place: Record<string, Json> = body;
  for (const key of path.slice(0, -1)) place = place[key] as Record<string, Json>;
  const last = path.at(-1) ?? '';
  // As JSON.parse does it, since an assignment would not make a key of it.
  if (value === undefined) Reflect.deleteProperty(place, last);
  else Object.defineProperty(place, last, { value, enumerable: true, configurable: true, writable: true });
  return JSON.stringify(body);
}

function refusal(text: string): Refusal {
  try {
    check(text);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error(`taken: ${text.slice(0, 500)}`);
}

describe('createCheck', () => {
  it('takes what the driver builds, within the bounds, and hands on the same', () => {
    const { image, json } = check(JSON.stringify(good));
    expect(image).toBe('repl_runner/python:v1.2');
    expect(JSON.parse(json)).toEqual(good);
    // As with live-restore.
    expect(() => check(JSON.stringify(containerBody({ tag: 'v1.2', autoRemove: false }).body))).not.toThrow();
    const { cpus, memoryBytes, processes, diskBytes, inodes, openFiles, fileBytes } = rules.max;
    const most = { cpus, memoryBytes, processes, diskBytes, inodes, openFiles, fileBytes };
    expect(() => check(JSON.stringify(containerBody({ tag: 'v1.2', limits: most }).body))).not.toThrow();
    for (const limit of Object.keys(most) as (keyof typeof most)[]) {
      const more = { ...most, [limit]: most[limit] + 1 };
      expect(() => check(JSON.stringify(containerBody({ tag: 'v1.2', limits: more }).body))).toThrow(Refusal);
    }
  });

  it.each<[string, string[], Json]>([
    ['a privileged container', ['HostConfig', 'Privileged'], true],
    ['privileges not taken, but named', ['HostConfig', 'Privileged'], false],
    ['privileges in other letters, which Docker reads as the same', ['hostconfig'], { Privileged: true }],
    ['privileges in other letters inside', ['HostConfig', 'privileged'], true],
    ['a bind', ['HostConfig', 'Binds'], ['/:/host']],
    ['a mount', ['HostConfig', 'Mounts'], [{ Type: 'bind', Source: '/', Target: '/host' }]],
    ['a volume', ['Volumes'], { '/data': {} }],
    ['volumes of another container', ['HostConfig', 'VolumesFrom'], ['db']],
    ['a device', ['HostConfig', 'Devices'], [{ PathOnHost: '/dev/sda', PathInContainer: '/dev/sda' }]],
    ['a rule for devices', ['HostConfig', 'DeviceCgroupRules'], ['a *:* rwm']],
    ['a request for devices', ['HostConfig', 'DeviceRequests'], [{ Count: -1 }]],
    ['a capability', ['HostConfig', 'CapAdd'], ['SYS_ADMIN']],
    ['capabilities kept', ['HostConfig', 'CapDrop'], []],
    ['no seccomp', ['HostConfig', 'SecurityOpt'], ['no-new-privileges', 'seccomp=unconfined']],
    ["Docker's wider seccomp profile", ['HostConfig', 'SecurityOpt'], ['no-new-privileges']],
    ['another seccomp profile', ['HostConfig', 'SecurityOpt'], ['no-new-privileges', 'seccomp={}']],
    ['no AppArmor', ['HostConfig', 'SecurityOpt'], ['no-new-privileges', 'apparmor=unconfined']],
    ["the host's network", ['HostConfig', 'NetworkMode'], 'host'],
    ["another container's network", ['HostConfig', 'NetworkMode'], 'container:web'],
    ['a network besides', ['NetworkingConfig'], { EndpointsConfig: { bridge: {} } }],
    ["the host's processes", ['HostConfig', 'PidMode'], 'host'],
    ["the host's IPC", ['HostConfig', 'IpcMode'], 'host'],
    ["the host's names", ['HostConfig', 'UTSMode'], 'host'],
    ["the host's users", ['HostConfig', 'UsernsMode'], 'host'],
    ["the host's cgroups", ['HostConfig', 'CgroupnsMode'], 'host'],
    ['a cgroup of its choice', ['HostConfig', 'CgroupParent'], '/'],
    ['kernel settings', ['HostConfig', 'Sysctls'], { 'kernel.core_pattern': '|/x' }],
    ['bare proc', ['HostConfig', 'MaskedPaths'], []],
    ['writable proc', ['HostConfig', 'ReadonlyPaths'], []],
    ['ports', ['HostConfig', 'PortBindings'], { '80/tcp': [{ HostPort: '80' }] }],
    ['a root that can be written', ['HostConfig', 'ReadonlyRootfs'], false],
    ['root', ['User'], '0:0'],
    ['another group', ['HostConfig', 'GroupAdd'], ['docker']],
    ['another image', ['Image'], 'debian:latest'],
    ['an image of ours with another tag', ['Image'], 'repl_runner/python:latest'],
    ['a tag that merely looks the same', ['Image'], 'repl_runner/python:v1x2'],
    ['an image by its digest', ['Image'], `repl_runner/python@sha256:${'a'.repeat(64)}`],
    ['an image of another registry', ['Image'], 'evil.example/repl_runner/python:v1.2'],
    ['an image with a line break', ['Image'], 'repl_runner/python:v1.2\n'],
    ['another first process', ['Cmd'], ['sh']],
    ['an entrypoint', ['Entrypoint'], ['sh']],
    ["the image's entrypoint", ['Entrypoint'], null],
    ['a variable', ['Env'], ['LD_PRELOAD=/x']],
    ['a health check', ['Healthcheck'], { Test: ['CMD', 'sh'] }],
    ['a label of others', ['Labels', 'com.docker.compose.project'], 'web'],
    ['another value of our label', ['Labels', 'repl_runner'], '0'],
    ['the sandbox of another deployment', ['Labels', 'repl_runner.deployment'], 'repl'],
    ['a removal that is neither', ['HostConfig', 'AutoRemove'], null],
    ['one that comes back', ['HostConfig', 'RestartPolicy'], { Name: 'always' }],
    ['a log to somewhere', ['HostConfig', 'LogConfig'], { Type: 'syslog', Config: {} }],
    ['options of the log', ['HostConfig', 'LogConfig', 'Config'], { 'syslog-address': 'udp://evil' }],
    ['a runtime', ['HostConfig', 'Runtime'], 'runc-without-walls'],
    ['no bound on memory', ['HostConfig', 'Memory'], 0],
    ['swap', ['HostConfig', 'MemorySwap'], -1],
    ['no bound on processes', ['HostConfig', 'PidsLimit'], -1],
    ['a part of a processor of nothing', ['HostConfig', 'NanoCpus'], 0],
    ['protection from the OOM killer', ['HostConfig', 'OomKillDisable'], true],
    ['a score that the host suffers for', ['HostConfig', 'OomScoreAdj'], -1000],
    ['a tmpfs in another place', ['HostConfig', 'Tmpfs', '/etc'], 'rw'],
    ['a tmpfs with set-uid files', ['HostConfig', 'Tmpfs', '/tmp'], 'rw,suid,dev,exec,size=1,nr_inodes=1'],
    [
      'a tmpfs without a size',
      ['HostConfig', 'Tmpfs', '/sandbox'],
      'rw,nosuid,nodev,exec,uid=41966,gid=51966,mode=0755',
    ],
    ['an unknown key', ['HostConfig', 'SomethingNew'], null],
    ['a prototype', ['__proto__'], { HostConfig: {} }],
    ['a prototype inside', ['HostConfig', '__proto__'], { Privileged: true }],
  ])('refuses %s', (_what, path, value) => {
    expect(refusal(changed(path, value)).status).toBe(403);
  });

  it('refuses the good body without any one of its keys', () => {
    const paths = Object.keys(good).map((key) => [key]);
    const inside = Object.keys(good.HostConfig ?? {}).map((key) => ['HostConfig', key]);
    const labels = Object.keys(good.Labels ?? {}).map((key) => ['Labels', key]);
    for (const path of [...paths, ...inside, ...labels]) expect(refusal(changed(path, undefined)).status).toBe(403);
  });

  it.each(['', 'null', '[]', '"x"', '{', '{}', '\u0000', '9'.repeat(400)])(
    'refuses what is no body at all: %j',
    (text) => {
      expect([400, 403]).toContain(refusal(text).status);
    },
  );

  it('takes the last of two values of a key, as it hands on only one', () => {
    const text = JSON.stringify(good).replace('"HostConfig":{', '"HostConfig":{"Privileged":true},"HostConfig":{');
    expect(JSON.parse(check(text).json)).toEqual(good);
  });

  it('needs the configured runtime, and no other', () => {
    const guarded = createCheck({ ...rules, runtime: 'runsc' });
    const of = (runtime: string | null) => JSON.stringify(containerBody({ tag: 'v1.2', runtime }).body);
    expect(() => guarded(of('runsc'))).not.toThrow();
    for (const other of [null, 'runc']) expect(() => guarded(of(other))).toThrow(Refusal);
    expect(() => check(of('runsc'))).toThrow(Refusal);
  });

  it('says which part is wrong and never what stood there', () => {
    const { message } = refusal(changed(['HostConfig', 'NetworkMode'], 'hunter2'));
    expect(message).toContain('HostConfig.NetworkMode');
    expect(message).not.toContain('hunter2');
    expect(refusal(changed(['HostConfig', 'x'.repeat(10_000)], 1)).message.length).toBeLessThan(600);
  });

  it('refuses every key that is added anywhere, and hands on nothing else than such a body', () => {
    const objects: string[][] = [[], ['HostConfig'], ['Labels'], ['HostConfig', 'Tmpfs'], ['HostConfig', 'LogConfig']];
    const added = fc.tuple(fc.constantFrom(...objects), fc.string({ minLength: 1, maxLength: 20 }), fc.jsonValue());
    const isNew = ([path, key]: [string[], string, unknown]): boolean => {
      let place: unknown = good;
      for (const part of path) place = (place as Record<string, unknown>)[part];
      return !Object.hasOwn(place as object, key);
    };
    fc.assert(
      fc.property(added.filter(isNew), ([path, key, value]) => {
        expect(refusal(changed([...path, key], value as Json)).status).toBe(403);
      }),
    );
  });

  it('refuses every other value of what is fixed', () => {
    const fixed = [
      ...['Entrypoint', 'User', 'WorkingDir', 'Hostname', 'AttachStdin', 'AttachStdout', 'AttachStderr', 'OpenStdin'],
      ...['StdinOnce', 'Tty', 'StopSignal'],
    ].map((key) => [key]);
    const host = [
      ...['Init', 'CapDrop', 'SecurityOpt', 'NetworkMode', 'IpcMode', 'ReadonlyRootfs', 'MemorySwap'],
      ...['OomScoreAdj', 'LogConfig', 'Tmpfs', 'Ulimits'],
    ].map((key) => ['HostConfig', key]);
    const at = (path: string[]): string =>
      JSON.stringify(path.reduce((place: unknown, key) => (place as Record<string, unknown>)[key], good));
    const other = fc.tuple(fc.constantFrom(...fixed, ...host), fc.jsonValue());
    fc.assert(
      fc.property(
        other.filter(([path, value]) => JSON.stringify(value) !== at(path)),
        ([path, value]) => {
          expect(refusal(changed(path, value as Json)).status).toBe(403);
        },
      ),
    );
  });
});
