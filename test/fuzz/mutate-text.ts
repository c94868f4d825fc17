/** Text that is nearly valid: one of a corpus, with characters and words changed that parsers stumble over. */
import type { Random } from '../support/random.js';

const oddWords = [
  ...[
    '',
    ' ',
    '\t',
    '\r\n',
    '\n',
    '\0',
    '/',
    '//',
    '\\',
    '.',
    '..',
    '...',
    ':',
    '::',
    '@',
    '#',
    '?',
    '&',
    '=',
    '%',
    '%00',
    '%2e',
  ],
  ...[
    '%2F',
    '%ff',
    '%',
    ',',
    ';',
    '-',
    '+',
    '*',
    '"',
    "'",
    '[',
    ']',
    '[::1]',
    '{',
    '}',
    '(',
    ')',
    '<',
    '>',
    '|',
    '$',
    '`',
    '~',
  ],
  ...[
    '0',
    '-0',
    '00',
    '1',
    '-1',
    '1e9',
    '0x7f',
    '65535',
    '65536',
    '4294967296',
    '9007199254740993',
    '1e400',
    'NaN',
    'Infinity',
  ],
  ...['null', 'true', '[]', '{}', '__proto__', 'constructor', 'toString', 'length', 'a'.repeat(300), '9'.repeat(400)],
  ...[
    '127.0.0.1',
    '0.0.0.0',
    '::',
    '::ffff:127.0.0.1',
    '169.254.169.254',
    'fe80::1%eth0',
    'localhost',
    'xn--',
    'http://',
    'HTTP/1.1',
  ],
  ...[
    'ı',
    'ſ',
    'K',
    'é',
    '\u0301',
    '\u202e',
    '\ufeff',
    '\ufffd',
    '\ud800',
    '\udfff',
    '😀',
    '。',
    '．',
    '／',
    '\u00ad',
    '\u2028',
  ],
];
const maxCharacters = 20_000;

/** One of the corpus, changed in one place or a few. */
export function mutatedText(random: Random, corpus: readonly string[]): string {
  let text = random.pick(corpus);
  do text = mutated(text, random, corpus);
  while (random.percent(40));
  return text.slice(0, maxCharacters);
}

/** A word on its own. */
export function oddText(random: Random): string {
  return random.pick(oddWords);
}

function mutated(text: string, random: Random, corpus: readonly string[]): string {
  const at = random.below(text.length + 1);
  const to = Math.min(text.length, at + random.below(random.pick([2, 4, 16])));
  switch (random.below(6)) {
    case 0:
      return text.slice(0, at) + random.pick(oddWords) + text.slice(at);
    case 1:
      return text.slice(0, at) + random.pick(oddWords) + text.slice(to);
    case 2:
      return text.slice(0, at) + text.slice(to);
    case 3:
      return text.slice(0, to) + text.slice(at).repeat(1 + random.below(3));
    case 4:
      return text.slice(0, at) + String.fromCharCode(random.below(random.pick([128, 256, 65_536]))) + text.slice(to);
    default: {
      const other = random.pick(corpus);
      return text.slice(0, at) + other.slice(random.below(other.length + 1));
    }
  }
}
