/** One person's quick life behind a proxy: starts, types, loses the connection, comes back, runs a program, and goes in some way. */
import { Random } from './random.js';
import { ResumingReader } from './resuming-reader.js';

export type Departure = 'deletes' | 'exits' | 'vanishes' | 'breaks off';
const departures: readonly Departure[] = ['deletes', 'deletes', 'deletes', 'exits', 'vanishes', 'breaks off'];

const json = { 'Content-Type': 'application/json' };

/** Resolves with how it went, once it is over. */
export async function visit({ url }: { readonly url: URL }, random: Random): Promise<Departure> {
  const departure = departures[random.below(departures.length)] ?? 'deletes';
  const start = JSON.stringify({ language: 'python', files: { 'hiker.py': 'answer = 42\n' } });
  if (departure === 'breaks off') {
    const signal = AbortSignal.timeout(1 + random.below(20));
    await fetch(new URL('/repl', url), { method: 'POST', headers: json, body: start, signal }).then(
      (answer) => answer.text(),
      () => undefined,
    );
    return departure;
  }
  const answer = await fetch(new URL('/repl', url), { method: 'POST', headers: json, body: start });
  if (answer.status !== 201) throw new Error(`a start was answered with ${answer.status}: ${await answer.text()}`);
  const { id } = (await answer.json()) as { id: string };
  const place = new URL(`/repl/${id}`, url).href;
  await type(place, random, departure === 'exits');
  await expectOk(fetch(`${place}/files/hiker.py`));
  const run = JSON.stringify({ argv: ['python3', '-c', 'print(42)'] });
  await expectOk(fetch(`${place}/run`, { method: 'POST', headers: json, body: run }));
  if (departure !== 'vanishes') await expectOk(fetch(place, { method: 'DELETE' }));
  return departure;
}

/** Types, is cut off in the middle, and comes back to what was printed meanwhile. */
async function type(place: string, random: Random, exits: boolean): Promise<void> {
  let text = '';
  const reader = new ResumingReader((data) => {
    text += data.toString();
  });
  await reader.attach(place);
  await reader.until(() => text.includes('>>> '));
  reader.type('import hiker; print("x" * 20000); hiker.answer\r');
  await reader.until(() => text.includes('xxx'));
  await reader.detach(random.next() < 0.5);
  await reader.attach(place);
  await reader.until(() => text.includes('x\r\n42\r\n'));
  if (exits) reader.type('exit()\r');
  await reader.detach(random.next() < 0.5);
}

async function expectOk(answering: Promise<Response>): Promise<void> {
  const answer = await answering;
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${answer.url}: ${answer.status} ${text}`);
}
