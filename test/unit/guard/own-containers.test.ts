import { beforeEach, describe, expect, it } from '@jest/globals';
import { OwnContainers } from '../../../guard/own-containers.js';
import { settled } from '../../doubles/settled.js';

const ours = 'a'.repeat(64);
const foreign = 'b'.repeat(64);
const ofOthers = 'd'.repeat(64);
const gone = 'c'.repeat(64);
const made = () => Promise.resolve();

describe('OwnContainers', () => {
  let asked: string[];
  let there: number;
  const answers: Record<string, { status: number; body: string }> = {
    [ours]: { status: 200, body: '{"Config":{"Labels":{"repl_runner":"1","repl_runner.deployment":"a"}}}' },
    [foreign]: { status: 200, body: '{"Config":{"Labels":{"repl_runner":"2","repl_runner.deployment":"a"}}}' },
    [ofOthers]: { status: 200, body: '{"Config":{"Labels":{"repl_runner":"1","repl_runner.deployment":"b"}}}' },
    [gone]: { status: 404, body: '{"message":"No such container"}' },
  };
  const ask = (target: string) => {
    asked.push(target);
    const list = JSON.stringify(Array.from({ length: there }, (_, index) => ({ Id: String(index) })));
    const [, id = ''] = /^\/containers\/(\w{64})\/json$/.exec(target) ?? [];
    return Promise.resolve(answers[id] ?? { status: 200, body: list });
  };
  beforeEach(() => {
    asked = [];
    there = 0;
  });

  it('asks the daemon once whose a container is', async () => {
    const own = new OwnContainers(ask, { deployment: 'a', max: 10 });
    await own.check(ours);
    await own.check(ours);
    expect(asked).toHaveLength(1);
    await expect(own.check(foreign)).rejects.toMatchObject({ status: 403 });
    await expect(own.check(ofOthers)).rejects.toMatchObject({ status: 403 });
    await expect(own.check(gone)).rejects.toMatchObject({ status: 404 });
  });

  it('knows those that it has let be made', async () => {
    const own = new OwnContainers(ask, { deployment: 'a', max: 10 });
    own.created(ours);
    await own.check(ours);
    expect(asked).toEqual([]);
  });

  it('counts anew only when the bound seems reached, and refuses when it is', async () => {
    const own = new OwnContainers(ask, { deployment: 'a', max: 3 });
    there = 1;
    await own.making(made);
    await own.making(made);
    expect(asked).toHaveLength(1);
    there = 2;
    await own.making(made);
    expect(asked).toHaveLength(2);
    there = 3;
    await expect(own.making(made)).rejects.toMatchObject({ status: 429 });
  });

  it('lets no more be made than may be, however many ask at the same time', async () => {
    const own = new OwnContainers(ask, { deployment: 'a', max: 3 });
    there = 1;
    const asking = await Promise.allSettled([1, 2, 3, 4].map(() => own.making(made)));
    expect(asking.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected']);
  });

  it('counts those that are being made, whether the daemon lists them already or not', async () => {
    const own = new OwnContainers(ask, { deployment: 'a', max: 2 });
    let finish = (): void => undefined;
    const slow = own.making(() => new Promise<void>((resolve) => (finish = resolve)));
    await settled();
    await own.making(made);
    there = 1;
    await expect(own.making(made)).rejects.toMatchObject({ status: 429 });
    finish();
    await slow;
    await own.making(made);
  });
});
