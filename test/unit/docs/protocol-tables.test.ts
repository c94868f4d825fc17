import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { frameTypes } from '../../../src/agent/frame.js';
import { clientMessageSchema, closeCodes } from '../../../src/terminal/protocol.js';

/** The cells of every table row of a page. */
function rows(page: string): string[][] {
  const text = readFileSync(new URL(`../../../docs/${page}`, import.meta.url), 'utf8');
  return text
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

describe('The protocol pages', () => {
  it('name every frame type of the agent protocol with its number', () => {
    const table = rows('agent-protocol.md').filter(([number]) => /^\d+$/.test(number ?? ''));
    expect(Object.fromEntries(table.map(([number, name]) => [name, Number(number)]))).toEqual(frameTypes);
  });

  it('name the frame types that the agent knows', () => {
    const source = readFileSync(new URL('../../../images/agent/repl_agent/frames.py', import.meta.url), 'utf8');
    const numbers: Record<string, number> = {};
    for (const [, names = '', values = ''] of source.matchAll(/^([A-Z_]+(?:, [A-Z_]+)+) = ([\d, ]+)$/gm)) {
      const list = values.split(', ');
      for (const [index, name] of names.split(', ').entries()) {
        const words = name.toLowerCase().replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
        numbers[words] = Number(list[index]);
      }
    }
    expect({ noop: 0, ...numbers }).toEqual(frameTypes);
  });

  it('name every close code of the websocket', () => {
    const table = rows('protocol.md').filter(([code]) => /^\d{4}$/.test(code ?? ''));
    expect(Object.fromEntries(table.map(([code, name]) => [name, Number(code)]))).toEqual(closeCodes);
  });

  it('name every message that a client may send', () => {
    const named = rows('protocol.md').map(([name]) => name?.replaceAll('`', ''));
    for (const option of clientMessageSchema.options) expect(named).toContain(option.shape.type.value);
  });
});
