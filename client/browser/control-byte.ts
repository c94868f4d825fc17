/** What a key becomes under Ctrl, as terminals have it: `c` is 3, `[` is 27, space is 0. Pure. */
export function controlByte(key: string): string | null {
  if (key.length !== 1) return null;
  if (key === ' ') return '\0';
  if (key === '?') return '\x7f';
  const code = key.toUpperCase().charCodeAt(0);
  return code >= 0x40 && code <= 0x5f ? String.fromCharCode(code & 0x1f) : null;
}
