import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { imageContent, imageFiles } from '../../../src/language/image-content.js';

describe('imageContent', () => {
  let folder: string;
  const write = (name: string, content: string) => writeFile(join(folder, name), content);
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'content-'));
    await mkdir(join(folder, 'agent', 'parts', '__pycache__'), { recursive: true });
    await mkdir(join(folder, 'python'));
    await write('agent/agent.py', 'a');
    await write('agent/parts/b.py', 'b');
    await write('python/Dockerfile', 'FROM x');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is made of the agent and the language, and not of what Python compiled', async () => {
    await write('agent/parts/__pycache__/b.pyc', 'c');
    expect(await imageFiles(folder, 'python')).toEqual(['agent/agent.py', 'agent/parts/b.py', 'python/Dockerfile']);
  });

  it('stays the same until a file changes', async () => {
    const first = await imageContent(folder, 'python');
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(await imageContent(folder, 'python')).toBe(first);
    await write('agent/parts/b.py', 'B');
    expect(await imageContent(folder, 'python')).not.toBe(first);
  });
});
