import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ApiKeysFile } from '../../../src/config/api-keys-file.js';
import { parseApiKeys, type ApiKey } from '../../../src/config/parse-api-keys.js';
import { eventually } from '../../support/eventually.js';

const old = { name: 'web', key: 'the-old-key-of-web' };
const next = { name: 'web', key: 'the:new:key-of-web' };
const text = (...keys: ApiKey[]): string => keys.map(({ name, key }) => `${name}:${key}\n`).join('');

describe('parseApiKeys', () => {
  it('reads names and keys, more than one of a name, between remarks and empty lines', () => {
    expect(parseApiKeys(`# of the host apps\n\n ${text(old)}\r\n${text(next)}`)).toEqual([old, next]);
  });

  it('says which lines cannot be read, and never what is in them', () => {
    const bad = `${text(old)}web\nWeb:hunter2-hunter2-hunter2\nweb:hunter2\nother:${old.key}\n`;
    const message = ((): string => {
      try {
        return JSON.stringify(parseApiKeys(bad));
      } catch (error) {
        return String(error);
      }
    })();
    expect(message).toMatch(/line 2 .*line 3 .*line 4 .*line 5 gives other the key of another name/);
    expect(message).not.toMatch(/hunter2|old-key/);
  });

  it.each(['', '# nothing', '\n\n'])('refuses a file without a key: %j', (empty) => {
    expect(() => parseApiKeys(empty)).toThrow('no key');
  });
});

describe('ApiKeysFile', () => {
  let folder: string;
  let file: ApiKeysFile;
  const path = (): string => join(folder, 'keys');

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'api-keys-'));
    await writeFile(path(), text(old));
    file = new ApiKeysFile(path());
  });
  afterEach(async () => {
    file.close();
    await rm(folder, { recursive: true });
  });

  it('is told of a file that is written, replaced or bad, and of one that is back', async () => {
    const heard: unknown[] = [];
    file.watch(
      (keys) => heard.push(keys),
      (error) => heard.push(String(error)),
    );
    expect(await file.read()).toEqual([old]);
    const count = async (wanted: number): Promise<void> => {
      await eventually(`${wanted} changes`, () => heard.length >= wanted);
    };
    await writeFile(`${path()}.new`, text(old, next));
    await rename(`${path()}.new`, path());
    await count(1);
    await rm(path());
    await count(2);
    await writeFile(path(), text(next));
    await count(3);
    expect(heard).toEqual([[old, next], expect.stringContaining('ENOENT'), [next]]);
  });

  it('cannot be read where it is not there, and says so with its path', async () => {
    await expect(new ApiKeysFile(join(folder, 'none')).read()).rejects.toThrow(
      /keys cannot be read from .*none: .*ENOENT/,
    );
  });
});
