/** A name server on a free port of loopback that answers every question for an address with the ones given to it. */
import { createSocket, type Socket } from 'node:dgram';

export class DnsServer {
  addresses: readonly string[];

  private constructor(
    readonly socket: Socket,
    readonly port: number,
    addresses: readonly string[],
  ) {
    this.addresses = addresses;
  }

  static async start(addresses: readonly string[]): Promise<DnsServer> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const server = new DnsServer(socket, socket.address().port, addresses);
    socket.on('message', (question, from) => {
      socket.send(server.#answer(question), from.port, from.address);
    });
    return server;
  }

  stop(): void {
    this.socket.close();
  }

  /** RFC 1035: the question again, and an A record for each address; a question for anything else gets none. */
  #answer(question: Buffer): Buffer {
    const end = question.indexOf(0, 12) + 5;
    const wantsAddress = question.readUInt16BE(end - 4) === 1;
    const addresses = wantsAddress ? this.addresses : [];
    const head = Buffer.from(question.subarray(0, end));
    head.writeUInt16BE(0x8180, 2);
    head.writeUInt16BE(addresses.length, 6);
    head.writeUInt32BE(0, 8);
    const records = addresses.map((address) =>
      Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...address.split('.').map(Number)]),
    );
    return Buffer.concat([head, ...records]);
  }
}
