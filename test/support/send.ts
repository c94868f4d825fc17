/** One HTTP request on a connection of its own, with exactly the headers that are given. */
import { request } from 'node:http';

export interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

export interface Received {
  readonly status: number;
  /** The code of the error, where the answer is one. */
  readonly code: string | null;
  readonly body: unknown;
}

export async function send(url: string, { method = 'POST', path, headers = {}, body = '' }: Sent): Promise<Received> {
  return await new Promise((resolve, reject) => {
    const length = Buffer.byteLength(body);
    const lengthHeader: Record<string, string> = length === 0 ? {} : { 'Content-Length': String(length) };
    const sent = request(new URL(path, url), { method, headers: { ...lengthHeader, ...headers }, agent: false });
    sent.on('error', reject);
    sent.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => (text += piece));
      response.on('error', reject);
      response.on('end', () => {
        const parsed: unknown = text === '' ? null : JSON.parse(text);
        resolve({ status: response.statusCode ?? 0, code: codeOf(parsed), body: parsed });
      });
    });
    sent.end(body);
  });
}

function codeOf(body: unknown): string | null {
  const error = (body as { error?: { code?: string } } | null)?.error;
  return error?.code ?? null;
}
