import { describe, expect, it } from '@jest/globals';
import type { Language } from '../../../../src/language/language.js';
import { containerOptions } from '../../../../src/sandbox/docker/container-options.js';
import { defaultLimits } from '../../../../src/sandbox/limits.js';
import type { SandboxSpec } from '../../../../src/sandbox/sandbox.js';

const language: Language = {
  name: 'python',
  title: 'Python',
  image: 'repl_runner/python:x',
  repl: ['python3'],
  env: { COLOUR: 'blue' },
  run: null,
  startupHook: null,
  hostPrograms: [],
  version: [],
};
const identity = { sessionId: 'east.0000-1111', viewId: 'v', replica: 'east' };
const spec: SandboxSpec = { identity, language, limits: { ...defaultLimits, cpus: 1.5 }, orphanSeconds: 300 };
const settings = {
  seccompProfile: '{"a":1}',
  runtime: null,
  deployment: 'staging',
  command: ['agent', 'x'],
  imageVariables: [],
  autoRemove: true,
};
const options = containerOptions(spec, settings);
const host = options.HostConfig ?? {};

describe('containerOptions', () => {
  it('takes every privilege away', () => {
    expect(options.User).toBe('41966:51966');
    expect(host.CapDrop).toEqual(['ALL']);
    expect(host.SecurityOpt).toEqual(['no-new-privileges', 'seccomp={"a":1}']);
    expect(host.NetworkMode).toBe('none');
    expect(host.IpcMode).toBe('none');
    expect(host.ReadonlyRootfs).toBe(true);
    expect(host.Privileged ?? false).toBe(false);
  });

  it("leaves Docker's own seccomp profile on when there is none of ours", () => {
    const without = containerOptions(spec, { ...settings, seccompProfile: null });
    expect(without.HostConfig?.SecurityOpt).toEqual(['no-new-privileges']);
  });

  it('gives the writable folders a size, a number of files and the owner, and no devices or setuid', () => {
    const bounds = 'rw,nosuid,nodev,exec,size=134217728,nr_inodes=20000,uid=41966,gid=51966,mode=0755';
    expect(host.Tmpfs?.['/sandbox']).toBe(bounds);
    expect(host.Tmpfs?.['/tmp']).toBe(bounds);
    for (const mount of Object.values(host.Tmpfs ?? {})) {
      expect(mount).toMatch(/nosuid,nodev,.*size=\d+,nr_inodes=\d+/);
    }
  });

  it('bounds memory without swap, processors, processes and files', () => {
    expect(host).toMatchObject({ Memory: 536870912, MemorySwap: 536870912, NanoCpus: 1.5e9, PidsLimit: 128 });
    expect(host.Ulimits).toEqual([
      { Name: 'nofile', Soft: 1024, Hard: 1024 },
      { Name: 'fsize', Soft: 134217728, Hard: 134217728 },
      { Name: 'core', Soft: 0, Hard: 0 },
    ]);
  });

  it('makes the agent PID 1 on plain pipes that survive their reader', () => {
    expect(options).toMatchObject({
      Entrypoint: [],
      Cmd: ['agent', 'x'],
      Tty: false,
      OpenStdin: true,
      StdinOnce: false,
      StopSignal: 'SIGKILL',
    });
    expect(host).toMatchObject({ Init: false, AutoRemove: true, LogConfig: { Type: 'none' } });
  });

  it('sets an environment of its own and takes away what the image sets', () => {
    const { Env: env } = containerOptions(spec, { ...settings, imageVariables: ['PATH', 'GPG_KEY'] });
    const names = env?.map((entry) => entry.split('=')[0]);
    expect(names).toEqual(['PATH', 'HOME', 'LANG', 'USER', 'LOGNAME', 'GPG_KEY']);
    expect(env).toContain('GPG_KEY');
  });

  it('names the container after the unguessable part of the session id', () => {
    expect(options.name).toBe('repl_0000-1111');
  });

  it('chooses a runtime only when told', () => {
    expect(host.Runtime).toBeUndefined();
    expect(containerOptions(spec, { ...settings, runtime: 'runsc' }).HostConfig?.Runtime).toBe('runsc');
  });
});
