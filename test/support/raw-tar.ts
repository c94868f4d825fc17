/** Writes tar archives octet by octet, hostile ones too, which a proper tar library would not write. */

interface RawHeader {
  readonly mode?: number;
  /** The size that the header claims; by default that of the content. */
  readonly size?: number;
  readonly linkname?: string;
}

const block = 512;

export class RawTar {
  readonly #parts: Buffer[] = [];

  file(name: string | Buffer, content: string, header: RawHeader = {}): this {
    return this.entry('0', name, { size: Buffer.byteLength(content), ...header }, Buffer.from(content));
  }

  directory(name: string): this {
    return this.entry('5', name, { mode: 0o755 });
  }

  symlink(name: string, linkname: string): this {
    return this.entry('2', name, { linkname });
  }

  hardlink(name: string, linkname: string): this {
    return this.entry('1', name, { linkname });
  }

  /** A pax header for the entry that follows. */
  pax(records: Readonly<Record<string, string | Buffer>>): this {
    const content = Buffer.concat(Object.entries(records).map(([key, value]) => paxRecord(key, Buffer.from(value))));
    return this.entry('x', 'PaxHeader', { size: content.length }, content);
  }

  entry(kind: string, name: string | Buffer, header: RawHeader = {}, content: Buffer = Buffer.alloc(0)): this {
    const padding = Buffer.alloc((block - (content.length % block)) % block);
    this.#parts.push(encodedHeader(kind, Buffer.from(name), header), content, padding);
    return this;
  }

  /** The entries without the end-of-archive blocks. */
  body(): Buffer {
    return Buffer.concat(this.#parts);
  }

  end(): Buffer {
    return Buffer.concat([this.body(), Buffer.alloc(2 * block)]);
  }
}

function encodedHeader(kind: string, name: Buffer, { mode = 0o644, size = 0, linkname = '' }: RawHeader): Buffer {
  const header = Buffer.alloc(block);
  name.copy(header, 0, 0, 100);
  header.write(`${octal(mode, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0${octal(size, 11)}\0${octal(0, 11)}\0`, 100);
  header.write(' '.repeat(8), 148);
  header.write(kind, 156);
  header.write(linkname, 157, 100);
  header.write('ustar\0' + '00', 257);
  const checksum = header.reduce((sum, octet) => sum + octet, 0);
  header.write(`${octal(checksum, 6)}\0 `, 148);
  return header;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

function paxRecord(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
  let length = rest.length;
  while (length !== rest.length + String(length).length) length = rest.length + String(length).length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}
