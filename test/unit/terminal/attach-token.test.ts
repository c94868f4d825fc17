import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { signAttachToken } from '../../../client/attach-token.js';
import * as client from '../../../client/protocol.js';
import { attachTokenPrefix, attachVerdict, type AttachTokenRules } from '../../../src/terminal/attach-token.js';

const id = 'runner-1.3f2b8c1e-9d4a-4b6f-8a7e-0123456789ab';
const secret = 'the-secret-of-this-test-and-no-other';
const rules: AttachTokenRules = { secrets: [secret], required: true };
const wrong = { kind: 'refused', message: 'The attach token is not for this terminal.' };

const expiryOf = (token: string): number => Number(token.split('.')[1]) * 1000;
const offer = (token: string): string => `repl.v1, ${attachTokenPrefix}${token}`;

describe('An attach token', () => {
  it.each(['owner', 'viewer'] as const)('of the client lets an %s in, by this id alone', async (role) => {
    const token = await signAttachToken(secret, { id, role });
    const now = expiryOf(token) - 60_000;
    expect(attachVerdict({ id, subprotocols: offer(token) }, rules, now)).toEqual({ kind: 'allowed', role });
    const other = id.replace('3f2b', '3f2c');
    expect(attachVerdict({ id: other, subprotocols: offer(token) }, rules, now)).toEqual(wrong);
  });

  it('is as the protocol page shows it', () => {
    const page = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8');
    const [, key = '', place = '', token = ''] =
      /For example, `(\S+)` lets an owner open `\/repl\/(\S+)` until\s2026 began by `(\S+)`/.exec(page) ?? [];
    const attach = { id: place, subprotocols: offer(token) };
    const before = Date.UTC(2026, 0) - 1000;
    expect(attachVerdict(attach, { secrets: [key], required: true }, before)).toEqual({
      kind: 'allowed',
      role: 'owner',
    });
  });

  it('may be signed with each of several secrets', async () => {
    const secrets = [secret, 'another-secret-that-is-as-good-as-it'];
    for (const each of secrets) {
      const subprotocols = offer(await signAttachToken(each, { id, role: 'owner' }));
      expect(attachVerdict({ id, subprotocols }, { secrets, required: true }, Date.now())).toMatchObject({
        role: 'owner',
      });
      const others = { secrets: ['yet-another-secret-which-signed-nothing'], required: true };
      expect(attachVerdict({ id, subprotocols }, others, Date.now())).toEqual(wrong);
    }
  });

  it('expires, with some tolerance for clocks, and cannot be valid for more than a day', async () => {
    const token = await signAttachToken(secret, { id, role: 'owner' });
    const [subprotocols, expires] = [offer(token), expiryOf(token)];
    const at = (seconds: number) => attachVerdict({ id, subprotocols }, rules, expires + seconds * 1000);
    expect(at(30)).toMatchObject({ kind: 'allowed' });
    expect(at(31)).toEqual({ kind: 'refused', message: 'The attach token has expired.' });
    expect(at(-86_430)).toMatchObject({ kind: 'allowed' });
    expect(at(-86_431)).toEqual({ kind: 'refused', message: 'The attach token is valid for too long.' });
  });

  it('is refused with any of its characters changed', async () => {
    const token = await signAttachToken(secret, { id, role: 'viewer' });
    const now = expiryOf(token) - 1000;
    const change = fc.tuple(
      fc.nat(token.length - 1),
      fc.constantFrom('o', 'w', '.', '-', '_', '0', '9', 'a', 'Z', '='),
    );
    fc.assert(
      fc.property(change, ([at, character]) => {
        fc.pre(token[at] !== character);
        const changed = `${token.slice(0, at)}${character}${token.slice(at + 1)}`;
        expect(attachVerdict({ id, subprotocols: offer(changed) }, rules, now)).toEqual(wrong);
      }),
    );
  });

  it.each(['', 'owner', 'owner.1', 'owner.01.x', 'root.1767225600.Ylx9lk2kG-CCiKN61rDohPK6o6YFdo1_oBgDPxL5mtw', '..'])(
    'is refused as %j',
    (token) => {
      expect(attachVerdict({ id, subprotocols: offer(token) }, rules, 0)).toEqual(wrong);
    },
  );

  it('is refused beside a second one', async () => {
    const token = await signAttachToken(secret, { id, role: 'owner' });
    const subprotocols = `${offer(token)}, ${attachTokenPrefix}${token}`;
    expect(attachVerdict({ id, subprotocols }, rules, Date.now())).toEqual(wrong);
  });

  it('is needed only where that is set', () => {
    for (const subprotocols of [undefined, '', 'repl.v1', 'repl.v1,repl.raw']) {
      expect(attachVerdict({ id, subprotocols }, rules, 0)).toEqual({
        kind: 'refused',
        message: 'This terminal needs an attach token.',
      });
      const optional = { secrets: [secret], required: false };
      expect(attachVerdict({ id, subprotocols }, optional, 0)).toEqual({ kind: 'allowed', role: null });
    }
  });

  it('is refused, not passed over, where nobody can have signed one', async () => {
    const subprotocols = offer(await signAttachToken('', { id, role: 'viewer' }).catch(() => 'viewer.1.x'));
    expect(attachVerdict({ id, subprotocols }, { secrets: [], required: false }, Date.now())).toEqual({
      kind: 'refused',
      message: 'This runner takes no attach tokens.',
    });
  });

  it('is offered by the client in the same way', () => {
    expect(client.attachTokenPrefix).toBe(attachTokenPrefix);
  });
});
