/** A ZIP archive whose files are stored as they are: what a wheel is. */
import { crc32 } from 'node:zlib';

const localHeader = 0x04034b50;
const centralHeader = 0x02014b50;
const endOfDirectory = 0x06054b50;

export function storedZip(files: Readonly<Record<string, string | Buffer>>): Buffer {
  const [bodies, directory]: [Buffer[], Buffer[]] = [[], []];
  let offset = 0;
  for (const [path, given] of Object.entries(files)) {
    const [name, content] = [Buffer.from(path), Buffer.from(given)];
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0); // version that is needed to unpack it
    common.writeUInt16LE(0x21, 8); // the first day that a ZIP knows
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(content.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(name.length, 22);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    const body = Buffer.concat([u32(localHeader), common, name, content]);
    directory.push(Buffer.concat([u32(centralHeader), Buffer.from([20, 0]), common, tail, name]));
    bodies.push(body);
    offset += body.length;
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(directory.length, 4);
  end.writeUInt16LE(directory.length, 6);
  end.writeUInt32LE(entries.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...bodies, entries, u32(endOfDirectory), end]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
