/**
 * What a container may be made of: exactly the options that `src/sandbox/docker/container-options` builds, each with the one
 * value that it has there or within a bound. Pure, and written a second time on purpose: a wall that falls there does not
 * fall here. Whatever is not named here is refused, never ignored.
 */
import { z } from 'zod';
import { agentFolder } from '../src/agent/command.js';
import type { Limits } from '../src/sandbox/limits.js';
import { seccompProfileText } from '../src/sandbox/seccomp/seccomp-profile.js';
import { imageName } from './image-name.js';
import { Refusal } from './refusal.js';

export interface CreateRules {
  /** Of every sandbox, as a label. */
  readonly deployment: string;
  readonly imageTag: string;
  /** The one that must be asked for; null where none may be. */
  readonly runtime: string | null;
  /** The most that a sandbox may be given. */
  readonly max: Limits;
}

/** cyber-dojo's sandbox user. */
const owner = { uid: 41966, gid: 51966 };
/** Issues told in one refusal; more would only be noise. */
const toldIssues = 3;

/** A body that Docker may be given, rebuilt from what was read. Throws Refusal. */
export type CreateCheck = (body: string) => { readonly image: string; readonly json: string };

export function createCheck(rules: CreateRules): CreateCheck {
  const schema = createSchema(rules);
  return (body) => {
    const read = schema.safeParse(parseJson(body));
    if (!read.success) throw new Refusal(403, `The guard refuses this container: ${told(read.error)}`);
    return { image: read.data.Image, json: JSON.stringify(read.data) };
  };
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new Refusal(400, 'The guard cannot read the body: it is not JSON.');
  }
}

function told({ issues }: z.ZodError): string {
  const lines = issues.slice(0, toldIssues).map(({ path, message }) => `${path.join('.')}: ${message}`);
  return lines.join('; ').slice(0, 500);
}

function createSchema(rules: CreateRules) {
  return z.strictObject({
    Image: z.string().regex(imageName(rules.imageTag), 'not an image of a language with the configured tag'),
    // What the image brings as an entrypoint must not run.
    Entrypoint: z.tuple([]),
    Cmd: z.tuple([
      z.literal('python3'),
      z.literal('-I'),
      z.literal('-S'),
      z.literal('-u'),
      z.literal(`${agentFolder}/agent.py`),
      z.string().max(64 * 1024),
    ]),
    User: z.literal(`${owner.uid}:${owner.gid}`),
    WorkingDir: z.literal('/sandbox'),
    Hostname: z.literal('repl'),
    Env: environment,
    Labels: labels(rules.deployment),
    AttachStdin: z.literal(true),
    AttachStdout: z.literal(true),
    AttachStderr: z.literal(true),
    OpenStdin: z.literal(true),
    StdinOnce: z.literal(false),
    Tty: z.literal(false),
    StopSignal: z.literal('SIGKILL'),
    HostConfig: hostConfig(rules),
  });
}

/** Values of our own; names alone take a variable of the image away. */
const environment = z
  .tuple(
    [
      z.literal('PATH=/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin'),
      z.literal('HOME=/tmp/home'),
      z.literal('LANG=C.UTF-8'),
      z.literal('USER=sandbox'),
      z.literal('LOGNAME=sandbox'),
    ],
    z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/),
  )
  .refine((entries) => entries.length <= 200, 'too many');

const labelText = z.string().min(1).max(500);
function labels(deployment: string) {
  return z.strictObject({
    repl_runner: z.literal('1'),
    'repl_runner.deployment': z.literal(deployment),
    'repl_runner.replica': labelText,
    'repl_runner.session_id': labelText,
    'repl_runner.view_id': labelText,
    'repl_runner.language': labelText,
    'repl_runner.limits': labelText,
    'repl_runner.orphan_seconds': labelText,
  });
}

function hostConfig({ runtime, max }: CreateRules) {
  const upTo = (most: number) => z.int().min(1).max(most);
  const workspace = tmpfs('rw,nosuid,nodev,exec', `uid=${owner.uid},gid=${owner.gid},mode=0755`, max);
  return z
    .strictObject({
      // Not with live-restore; what stays counts against the bound on sandboxes.
      AutoRemove: z.boolean(),
      Init: z.literal(false),
      CapDrop: z.tuple([z.literal('ALL')]),
      SecurityOpt: z.tuple([
        z.literal('no-new-privileges'),
        z.literal(
          `seccomp=${seccompProfileText()}`,
          "not this guard's seccomp profile; update runner and guard together",
        ),
      ]),
      NetworkMode: z.literal('none'),
      IpcMode: z.literal('none'),
      ReadonlyRootfs: z.literal(true),
      Tmpfs: z.strictObject({
        '/sandbox': workspace,
        '/tmp': workspace,
        '/dev/shm': z.literal('rw,nosuid,nodev,noexec,size=67108864,nr_inodes=1024,mode=1777'),
      }),
      Memory: upTo(max.memoryBytes),
      MemorySwap: z.int(),
      NanoCpus: upTo(Math.round(max.cpus * 1e9)),
      PidsLimit: upTo(max.processes),
      Ulimits: z.tuple([
        ulimit('nofile', upTo(max.openFiles)),
        ulimit('fsize', upTo(max.fileBytes)),
        ulimit('core', z.literal(0)),
      ]),
      OomScoreAdj: z.literal(500),
      LogConfig: z.strictObject({ Type: z.literal('none'), Config: z.strictObject({}) }),
      // Where one is configured, a container without it would have fewer walls.
      ...(runtime === null ? {} : { Runtime: z.literal(runtime) }),
    })
    .refine(({ Memory, MemorySwap }) => Memory === MemorySwap, { path: ['MemorySwap'], message: 'not as Memory' });
}

function ulimit(name: string, value: z.ZodType<number>) {
  return z
    .strictObject({ Name: z.literal(name), Soft: value, Hard: value })
    .refine(({ Soft, Hard }) => Soft === Hard, 'the two are not the same');
}

function tmpfs(before: string, after: string, max: Limits) {
  const pattern = new RegExp(`^${before},size=([1-9]\\d{0,15}),nr_inodes=([1-9]\\d{0,15}),${after}$`);
  return z.string().refine((options) => {
    const [, size, inodes] = pattern.exec(options) ?? [];
    return Number(size) <= max.diskBytes && Number(inodes) <= max.inodes;
  }, 'not the options of a workspace within the bounds');
}
