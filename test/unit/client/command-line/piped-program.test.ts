import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ProgramReader, maxFrameBytes, startupFor } from '../../../../client/command-line/piped-program.js';

const mark = 'f00dfeed';
const banner = 'Python 3.13.5\r\nType "help" …\r\n';

function frame(letter: string, content: string): Buffer {
  const header = Buffer.alloc(5);
  header.write(letter);
  header.writeUInt32BE(Buffer.byteLength(content), 1);
  return Buffer.concat([header, Buffer.from(content)]);
}

function readAll(pieces: readonly Buffer[]): {
  reader: ProgramReader;
  started: number;
  stdout: string;
  stderr: string;
} {
  let started = 0;
  const reader = new ProgramReader(mark, () => {
    started += 1;
  });
  const outputs = pieces.flatMap((piece) => reader.read(piece));
  const text = (channel: string): string =>
    Buffer.concat(outputs.filter((output) => output.channel === channel).map(({ data }) => data)).toString();
  return { reader, started, stdout: text('stdout'), stderr: text('stderr') };
}

describe('ProgramReader', () => {
  const whole = Buffer.concat([
    Buffer.from(banner + mark),
    frame('o', 'one\n'),
    frame('e', 'Traceback\n'),
    frame('o', 'two\n'),
    frame('x', ''),
    Buffer.from('\x1b[0m\r\n[ended with exit code 1]\r\n'),
  ]);

  it('takes stdout and stderr out of the frames after the mark, and nothing else', () => {
    const { reader, started, stdout, stderr } = readAll([whole]);
    expect({ started, stdout, stderr }).toEqual({ started: 1, stdout: 'one\ntwo\n', stderr: 'Traceback\n' });
    expect(reader.complete).toBe(true);
    expect(reader.stray).toBe('');
  });

  it('does so wherever the bytes are cut', () => {
    const cuts = fc.array(fc.integer({ min: 0, max: whole.length }), { maxLength: 20 });
    fc.assert(
      fc.property(cuts, (places) => {
        const at = [0, ...places.sort((a, b) => a - b), whole.length];
        const { reader, stdout, stderr } = readAll(at.slice(1).map((end, index) => whole.subarray(at[index], end)));
        expect({ stdout, stderr, complete: reader.complete }).toEqual({
          stdout: 'one\ntwo\n',
          stderr: 'Traceback\n',
          complete: true,
        });
      }),
    );
  });

  it('waits for its word from the mark to the first frame', () => {
    const reader = new ProgramReader(mark, () => undefined);
    reader.read(Buffer.from(banner));
    expect(reader.waits).toBe(false);
    reader.read(Buffer.from(mark));
    expect(reader.waits).toBe(true);
    reader.read(frame('o', '1'));
    expect(reader.waits).toBe(false);
  });

  it('keeps what a program that was cut off left behind', () => {
    const { reader, stdout } = readAll([
      Buffer.from(mark),
      frame('o', 'one\n'),
      Buffer.from('\x1b[0m\r\n[out of memory]\r\n'),
    ]);
    expect(stdout).toBe('one\n');
    expect(reader.complete).toBe(false);
    expect(reader.stray).toContain('[out of memory]');
  });

  it('takes no frame that is longer than any can be', () => {
    const { reader, stdout } = readAll([Buffer.from(mark), frame('o', 'x'.repeat(maxFrameBytes + 1))]);
    expect(stdout).toBe('');
    expect(reader.complete).toBe(false);
  });

  it('keeps a bounded part of what never becomes a program', () => {
    const { reader } = readAll(Array.from({ length: 100 }, () => Buffer.alloc(1000, 'x')));
    expect(reader.stray.length).toBeLessThanOrEqual(8 * 1024);
  });
});

describe('startupFor', () => {
  it('carries the program and the mark, whatever bytes the program has', () => {
    const code = startupFor(Buffer.from([0, 0x22, 0x27, 0x5c, 0xff]), mark);
    expect(code).toContain(`b"${mark}"`);
    expect(code).toMatch(/_repl_runner_piped\("[A-Za-z0-9+/=]+", b"/);
  });
});
