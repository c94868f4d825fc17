/** A Docker daemon of the test's own, with folders, socket and containerd of its own, that may be stopped and killed. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { untilEqual } from './until-equal.js';

/** Needs root; network and firewall of the machine stay as they are. */
export class OwnDockerd {
  readonly #folder = mkdtempSync(join(tmpdir(), 'dockerd-'));
  readonly socketPath = join(this.#folder, 'docker.sock');
  readonly docker = new Docker({ socketPath: this.socketPath });
  #process: ChildProcess | null = null;

  /** @param options further ones of the daemon's command line, such as `--live-restore` */
  constructor(private readonly options: readonly string[] = []) {}

  static get possible(): boolean {
    return process.getuid?.() === 0 && existsSync('/usr/sbin/dockerd');
  }

  /** Resolves when it answers. */
  async start(): Promise<void> {
    const folder = (name: string): string => join(this.#folder, name);
    const places = ['--data-root', folder('data'), '--exec-root', folder('exec'), '--pidfile', folder('pid')];
    const harmless = ['--bridge=none', '--iptables=false', '--ip-forward=false'];
    const log = openSync(folder('log'), 'a');
    // In a network of its own: a daemon without a bridge removes the bridge of the machine's daemon at its start.
    const command = ['--net', 'dockerd', ...places, ...harmless, ...this.options, '-H', `unix://${this.socketPath}`];
    this.#process = spawn('unshare', command, { stdio: ['ignore', log, log] });
    const answers = () =>
      this.docker.ping().then(
        () => 'answers',
        () => 'silent',
      );
    await untilEqual(answers, 'answers');
  }

  /** A command line that runs another one in the daemon's network. */
  inside(...command: readonly string[]): string[] {
    return ['nsenter', `--net=/proc/${this.#process?.pid ?? 0}/ns/net`, ...command];
  }

  /** Copies an image of the machine's daemon. */
  async load(image: string): Promise<void> {
    const saved = await new Docker({ socketPath: '/var/run/docker.sock' }).getImage(image).get();
    const answer = await this.docker.loadImage(saved);
    await once(answer.resume(), 'end');
  }

  /**
   * The states of the containers that it has. Docker 20.10 that comes back after a kill may go on listing one that it has just
   * removed: while it starts, it writes down what its containers are linked to after it has removed the dead ones.
   */
  async containerStates(): Promise<readonly string[]> {
    const listed = await this.docker.listContainers({ all: true });
    const states = listed.map(({ Id, State }) =>
      this.docker
        .getContainer(Id)
        .inspect()
        .then(() => State, nullWhenGone),
    );
    return (await Promise.all(states)).filter((state) => state !== null);
  }

  /** Resolves when its process has ended. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const daemon = this.#process;
    this.#process = null;
    if (daemon === null) return;
    const exited = once(daemon, 'exit');
    daemon.kill(signal);
    await exited;
    // Its containerd dies with it; a stale word of that would keep the next daemon from starting one.
    rmSync(join(this.#folder, 'exec', 'containerd', 'containerd.pid'), { force: true });
  }

  /** Ends it and removes all that it had. */
  async remove(): Promise<void> {
    await this.end('SIGTERM');
    this.#killLeft();
    // A killed daemon leaves its folder mounted on itself.
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
    const points = mounts.map((line) => line.split(' ')[4] ?? '').filter((point) => point.startsWith(this.#folder));
    for (const point of points.reverse()) execFileSync('umount', [point]);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** With live-restore, containers outlive their daemon: what watches over each, and its children. */
  #killLeft(): void {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    for (const pid of pids) {
      try {
        if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(join(this.#folder, 'exec'))) continue;
        const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
        for (const one of [...children.filter((child) => child !== ''), pid]) process.kill(Number(one), 'SIGKILL');
      } catch {
        // It went meanwhile.
      }
    }
  }
}

function nullWhenGone(error: Error & { readonly statusCode?: number }): null {
  if (error.statusCode !== 404) throw error;
  return null;
}
