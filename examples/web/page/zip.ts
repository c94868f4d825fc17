/** Files as a zip without compression, which is all that a few sources need. Pure. */
import { crc32 } from './crc32.js';

const localHeader = 0x04034b50;
const centralHeader = 0x02014b50;
const endRecord = 0x06054b50;
/** Version 2.0; names are UTF-8 (bit 11). */
const version = 20;
const utf8Names = 0x0800;
/** 1 January 1980: the oldest that a zip knows. */
const date = 0x0021;

type Field = readonly [bytes: 2 | 4, value: number];

export function zip(files: Readonly<Record<string, string>>): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const locals: Uint8Array[] = [];
  const centrals: Uint8Array[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const content = encoder.encode(text);
    const path = encoder.encode(name);
    const common = commonFields(path, content);
    const local = joined([fields([[4, localHeader], ...common]), path, content]);
    const attributes: Field[] = [
      [2, 0], // comment
      [2, 0], // disk
      [2, 0],
      [4, 0],
      [4, offset],
    ];
    centrals.push(joined([fields([[4, centralHeader], [2, version], ...common, ...attributes]), path]));
    locals.push(local);
    offset += local.length;
  }
  const directory = joined(centrals);
  const end = fields([
    [4, endRecord],
    [4, 0], // disks
    [2, centrals.length],
    [2, centrals.length],
    [4, directory.length],
    [4, offset],
    [2, 0],
  ]);
  return joined([...locals, directory, end]);
}

function commonFields(path: Uint8Array, content: Uint8Array): Field[] {
  return [
    [2, version],
    [2, utf8Names],
    [2, 0], // stored
    [2, 0], // midnight
    [2, date],
    [4, crc32(content)],
    [4, content.length],
    [4, content.length],
    [2, path.length],
    [2, 0], // extra
  ];
}

function fields(list: readonly Field[]): Uint8Array {
  const bytes = new Uint8Array(list.reduce((sum, [size]) => sum + size, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [size, value] of list) {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += size;
  }
  return bytes;
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
