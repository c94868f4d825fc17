/** Which keys belong to the host app and not to the terminal, e.g. `Alt+T Alt+Enter` or `Alt+*` for all of them. Pure. */

export interface KeyPress {
  readonly key: string;
  /** The physical key, as a letter's Alt form may be another character. */
  readonly code: string;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
  readonly metaKey: boolean;
}

interface HostKey {
  readonly modifiers: ReadonlySet<string>;
  /** In lower case, `*` for every key. */
  readonly key: string;
}

const modifierNames = ['ctrl', 'alt', 'shift', 'meta'];

/** Unknown words are passed over. */
export function parseHostKeys(text: string): readonly HostKey[] {
  return text
    .toLowerCase()
    .split(/[\s,]+/)
    .map((chord) => chord.split('+').filter((part) => part !== ''))
    .map((parts) => ({
      modifiers: new Set(parts.filter((part) => modifierNames.includes(part))),
      key: parts.find((part) => !modifierNames.includes(part)) ?? '',
    }))
    .filter(({ key }) => key !== '');
}

export function isHostKey(press: KeyPress, hostKeys: readonly HostKey[]): boolean {
  const { ctrlKey, altKey, shiftKey, metaKey } = press;
  const held = { ctrl: ctrlKey, alt: altKey, shift: shiftKey, meta: metaKey };
  const names = [press.key.toLowerCase(), press.code.toLowerCase().replace(/^(key|digit)/, '')];
  return hostKeys.some(
    ({ modifiers, key }) =>
      Object.entries(held).every(([name, down]) => modifiers.has(name) === down) &&
      (key === '*' || names.includes(key)),
  );
}
