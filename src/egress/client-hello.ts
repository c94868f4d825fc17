/**
 * Reads the server name out of the first message of a TLS client, as it comes in, however it is cut. What is no such message,
 * hides or lacks the name, or grows beyond a bound, is refused. Pure: it keeps bytes and connects to nothing.
 */
export type HelloVerdict =
  | { readonly kind: 'more' }
  | { readonly kind: 'named'; readonly name: string }
  | { readonly kind: 'refused'; readonly reason: 'not_tls' | 'name_mismatch'; readonly why: string };

/** A hello has some 500 bytes, with post-quantum keys some 2,000. */
const maxMessageBytes = 32 * 1024;
const maxRecordBytes = 16 * 1024;
/** The headers of many small records come on top. */
const maxBytes = 2 * maxMessageBytes;
const recordHeaderBytes = 5;
const messageHeaderBytes = 4;
const handshakeRecord = 22;
/** Of every version since SSL 3. */
const majorVersion = 3;
const clientHelloMessage = 1;
const serverNameExtension = 0;
const hostNameType = 0;
/** The name inside is for the far server alone. */
const encryptedClientHello = 0xfe0d;

const notTls = (why: string): HelloVerdict => ({ kind: 'refused', reason: 'not_tls', why });
const nameless = (why: string): HelloVerdict => ({ kind: 'refused', reason: 'name_mismatch', why });
const more: HelloVerdict = { kind: 'more' };

export class ClientHelloReader {
  readonly #came: Buffer[] = [];
  #length = 0;
  readonly #header = Buffer.alloc(recordHeaderBytes);
  #headerFilled = 0;
  #recordLeft = 0;
  /** What the records carry, put together. */
  readonly #message = Buffer.alloc(maxMessageBytes);
  #messageFilled = 0;

  /** All that has come so far, to be passed on once the name is known. */
  get bytes(): Buffer {
    return Buffer.concat(this.#came);
  }

  /** Looks at each byte once; nothing is to be pushed behind a verdict other than `more`. */
  push(chunk: Buffer): HelloVerdict {
    this.#came.push(chunk);
    this.#length += chunk.length;
    for (let at = 0; at < chunk.length;) {
      const inRecord = this.#recordLeft > 0;
      at += inRecord ? this.#takeMessage(chunk, at) : this.#takeHeader(chunk, at);
      const verdict = inRecord ? this.#onMessage() : this.#onHeader();
      if (verdict.kind !== 'more') return verdict;
    }
    return this.#length > maxBytes ? notTls('its first message is too long') : more;
  }

  #takeHeader(chunk: Buffer, at: number): number {
    const taken = chunk.copy(this.#header, this.#headerFilled, at, at + recordHeaderBytes - this.#headerFilled);
    this.#headerFilled += taken;
    return taken;
  }

  #takeMessage(chunk: Buffer, at: number): number {
    const taken = chunk.copy(this.#message, this.#messageFilled, at, at + this.#recordLeft);
    this.#messageFilled += taken;
    this.#recordLeft -= taken;
    return taken;
  }

  #onHeader(): HelloVerdict {
    if (this.#header[0] !== handshakeRecord) return notTls('it does not speak TLS');
    if (this.#headerFilled > 1 && this.#header[1] !== majorVersion) return notTls('it does not speak TLS');
    if (this.#headerFilled < recordHeaderBytes) return more;
    this.#headerFilled = 0;
    this.#recordLeft = this.#header.readUInt16BE(3);
    if (this.#recordLeft === 0 || this.#recordLeft > maxRecordBytes) return notTls('it does not speak TLS');
    return this.#messageFilled + this.#recordLeft > maxMessageBytes ? notTls('its first message is too long') : more;
  }

  #onMessage(): HelloVerdict {
    if (this.#message[0] !== clientHelloMessage) return notTls('its first message is no client hello');
    if (this.#messageFilled < messageHeaderBytes) return more;
    const end = messageHeaderBytes + this.#message.readUIntBE(1, 3);
    if (end > maxMessageBytes) return notTls('its first message is too long');
    if (this.#messageFilled < end) return more;
    return nameIn(new Fields(this.#message.subarray(messageHeaderBytes, end)));
  }
}

function nameIn(hello: Fields): HelloVerdict {
  try {
    hello.skip(2 + 32);
    hello.skip(hello.number(1));
    hello.skip(hello.number(2));
    hello.skip(hello.number(1));
    return hello.empty ? nameless('it names no server') : nameAmong(hello.part(hello.number(2)));
  } catch (error) {
    if (error instanceof DamagedHello) return notTls('its client hello is damaged');
    throw error;
  }
}

function nameAmong(extensions: Fields): HelloVerdict {
  let name: string | null = null;
  while (!extensions.empty) {
    const type = extensions.number(2);
    const extension = extensions.part(extensions.number(2));
    if (type === encryptedClientHello) return nameless('it hides the name of its server (ECH)');
    if (type !== serverNameExtension) continue;
    if (name !== null) return nameless('it names its server twice');
    name = serverName(extension);
  }
  return name === null ? nameless('it names no server') : { kind: 'named', name };
}

/** The one name of a list; throws DamagedHello where there is none or are several. */
function serverName(extension: Fields): string {
  const list = extension.part(extension.number(2));
  if (list.number(1) !== hostNameType) throw new DamagedHello('no host name');
  const name = list.text(list.number(2));
  if (!list.empty || !extension.empty) throw new DamagedHello('more than one name');
  return name;
}

class DamagedHello extends Error {
  override readonly name = 'DamagedHello';
}

/** Fields one after the other; a read beyond the end throws DamagedHello. */
class Fields {
  #at = 0;

  constructor(private readonly bytes: Buffer) {}

  get empty(): boolean {
    return this.#at === this.bytes.length;
  }

  number(size: 1 | 2): number {
    const from = this.#at;
    this.skip(size);
    return this.bytes.readUIntBE(from, size);
  }

  skip(length: number): void {
    if (this.#at + length > this.bytes.length) throw new DamagedHello('beyond the end');
    this.#at += length;
  }

  part(length: number): Fields {
    const from = this.#at;
    this.skip(length);
    return new Fields(this.bytes.subarray(from, from + length));
  }

  text(length: number): string {
    return this.part(length).bytes.toString('latin1');
  }
}
