/**
 * Signs attach tokens, on a host app's own server: whoever has one may open that terminal, in that role, until it expires. The
 * secret never goes to a browser; docs/protocol.md has the format, for other languages. It needs the platform's WebCrypto only.
 */

export interface AttachGrant {
  /** The session's `view_id`, which by itself can only watch, or its `id`. The terminal has to be opened by the same. */
  readonly id: string;
  readonly role: 'owner' | 'viewer';
  /** How long a terminal may be opened with it: a day at most, 60 when absent. One that is open stays open. */
  readonly seconds?: number;
}

/** @param secret one of the runners' `REPL_RUNNER_ATTACH_SECRETS` */
export async function signAttachToken(secret: string, { id, role, seconds = 60 }: AttachGrant): Promise<string> {
  const expires = Math.floor(Date.now() / 1000) + seconds;
  const encoder = new TextEncoder();
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', encoder.encode(secret), algorithm, false, ['sign']);
  const text = `repl.attach.v1\n${id}\n${role}\n${expires}`;
  const signature = new Uint8Array(await crypto.subtle.sign('HMAC', key, encoder.encode(text)));
  const base64 = btoa(String.fromCharCode(...signature));
  return `${role}.${expires}.${base64.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')}`;
}
