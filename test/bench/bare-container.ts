/** A container that waits for `docker exec`: what one would use who has no runner. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

export class BareContainer {
  private constructor(
    readonly image: string,
    readonly id: string,
  ) {}

  /** What `use` makes of one that is gone afterwards; null where there is no daemon. */
  static async during<T>(image: string, use: (container: BareContainer) => Promise<T> | T): Promise<T | null> {
    if (!existsSync('/var/run/docker.sock')) return null;
    const run = [
      'run',
      '-d',
      '--rm',
      '--network=none',
      '--tmpfs=/sandbox:uid=41966,gid=51966',
      '--entrypoint=sleep',
      image,
      '600',
    ];
    const container = new BareContainer(image, docker(run).trim());
    try {
      return await use(container);
    } finally {
      docker(['rm', '-f', container.id]);
    }
  }

  /** Runs a program in it to its end. */
  exec(argv: readonly string[], stdin: Buffer | null = null): void {
    docker(['exec', ...(stdin === null ? [] : ['-i']), this.id, ...argv], stdin);
  }

  /** Runs a program to its end in a new container of the same image. */
  runAnew(argv: readonly [string, ...string[]]): void {
    const [program, ...args] = argv;
    docker(['run', '--rm', '--network=none', `--entrypoint=${program}`, this.image, ...args]);
  }
}

function docker(args: readonly string[], stdin: Buffer | null = null): string {
  const input = stdin === null ? {} : { input: stdin };
  return execFileSync('docker', args, { ...input, stdio: ['pipe', 'pipe', 'inherit'] }).toString();
}
