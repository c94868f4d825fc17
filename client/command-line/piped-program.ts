/**
 * How a piped Python program runs with the semantics of a pipe although a session's REPL sits on a PTY: code for the
 * session's `startup` that runs `python3 < program` in a child with pipes of its own and writes their bytes to the PTY as
 * frames. Pure: it makes the code and reads the frames; the terminal is somebody else's.
 */
import { deflateSync } from 'node:zlib';

/** Frames are a letter, a length of four bytes, and as many bytes of stdout (o) or stderr (e). `x` is the last one. */
const headerBytes = 5;
/** No child's pipe is read in larger pieces. */
export const maxFrameBytes = 16 * 1024;
/** Kept of what is no frame, to be shown when the program could not be run or was cut off. */
const maxStrayBytes = 8 * 1024;

/**
 * Only modules that a user's file cannot hide are loaded: the workspace is taken out of the loader's own sys.path. The
 * terminal is made raw first, so that bytes pass as they are; then the loader waits for one byte, the word that somebody
 * reads, because a terminal keeps only the newest output until then. The REPL itself never begins.
 */
const loader = `
def _repl_runner_piped(program, mark):
    import os, sys
    sys.path[:] = [p for p in sys.path if p not in ("", os.getcwd())]
    import binascii, select, struct, tty, zlib
    def write(data):
        while data:
            data = data[os.write(1, data):]
    tty.setraw(0)
    stdin = os.memfd_create("stdin")
    data = zlib.decompress(binascii.a2b_base64(program))
    while data:
        data = data[os.write(stdin, data):]
    os.lseek(stdin, 0, os.SEEK_SET)
    out, out_end = os.pipe()
    err, err_end = os.pipe()
    write(mark)
    os.read(0, 1)
    pid = os.fork()
    if pid == 0:
        os.setsid()
        for number, fd in enumerate((stdin, out_end, err_end)):
            os.dup2(fd, number)
        os.execv(sys.executable, [sys.executable])
    os.close(out_end)
    os.close(err_end)
    letters = {out: b"o", err: b"e"}
    while letters:
        for fd in select.select(list(letters), [], [])[0]:
            data = os.read(fd, ${maxFrameBytes})
            if data:
                write(letters[fd] + struct.pack(">I", len(data)) + data)
            else:
                del letters[fd]
    status = os.waitpid(pid, 0)[1]
    write(b"x" + struct.pack(">I", 0))
    os._exit(128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))

try:
    _repl_runner_piped(PROGRAM, MARK)
except BaseException:
    import os, sys
    sys.excepthook(*sys.exc_info())
    os._exit(1)
`;

/** @param mark unguessable, so that nothing that is printed before can be taken for it; hexadecimal digits */
export function startupFor(program: Buffer, mark: string): string {
  const packed = deflateSync(program, { level: 9 }).toString('base64');
  return loader.replace('PROGRAM', `"${packed}"`).replace('MARK', `b"${mark}"`);
}

export interface ProgramOutput {
  readonly channel: 'stdout' | 'stderr';
  readonly data: Buffer;
}

/** Takes the program's two outputs out of the terminal's bytes, however these are cut. */
export class ProgramReader {
  readonly #mark: Buffer;
  readonly #onStarted: () => void;
  #state: 'before' | 'header' | 'content' | 'after' = 'before';
  #pending: Buffer = Buffer.alloc(0);
  #channel: ProgramOutput['channel'] = 'stdout';
  #left = 0;
  #complete = false;
  #framed = false;

  /** @param onStarted told once, when the mark was seen and the loader waits for its word */
  constructor(mark: string, onStarted: () => void) {
    this.#mark = Buffer.from(mark);
    this.#onStarted = onStarted;
  }

  /** The mark came, and nothing after it yet: the loader may still wait for its word. */
  get waits(): boolean {
    return this.#state === 'header' && !this.#framed;
  }

  /** The program ended by itself and all its output was read. */
  get complete(): boolean {
    return this.#complete;
  }

  /** What the terminal showed that was not the program's: why it did not start, or what cut it off. */
  get stray(): string {
    return this.#complete ? '' : this.#pending.toString().replace(/\r\n/g, '\n');
  }

  read(data: Buffer): ProgramOutput[] {
    const outputs: ProgramOutput[] = [];
    this.#pending = Buffer.concat([this.#pending, data]);
    if (this.#state === 'before') this.#seekMark();
    while (this.#state === 'header' || this.#state === 'content') {
      if (this.#state === 'header' && !this.#readHeader()) break;
      const content = this.#readContent();
      if (content === null) break;
      outputs.push(content);
    }
    if (this.#state === 'before' || this.#state === 'after') this.#pending = this.#pending.subarray(-maxStrayBytes);
    return outputs;
  }

  #seekMark(): void {
    const at = this.#pending.indexOf(this.#mark);
    if (at < 0) return;
    this.#pending = this.#pending.subarray(at + this.#mark.length);
    this.#state = 'header';
    this.#onStarted();
  }

  /** False where no frame begins here, or not enough of it has come. */
  #readHeader(): boolean {
    const letter = this.#pending.subarray(0, 1).toString('latin1');
    if (letter === '') return false;
    if (letter !== 'o' && letter !== 'e' && letter !== 'x') {
      this.#state = 'after';
      return false;
    }
    if (this.#pending.length < headerBytes) return false;
    this.#framed = true;
    this.#left = this.#pending.readUInt32BE(1);
    this.#complete = letter === 'x';
    if (this.#complete || this.#left > maxFrameBytes) {
      this.#state = 'after';
      return false;
    }
    this.#channel = letter === 'o' ? 'stdout' : 'stderr';
    this.#pending = this.#pending.subarray(headerBytes);
    this.#state = 'content';
    return true;
  }

  #readContent(): ProgramOutput | null {
    const data = this.#pending.subarray(0, this.#left);
    if (data.length === 0) return null;
    this.#pending = this.#pending.subarray(data.length);
    this.#left -= data.length;
    if (this.#left === 0) this.#state = 'header';
    return { channel: this.#channel, data };
  }
}
