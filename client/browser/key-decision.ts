/** Whose a key press is: the program's, the page's, or the component's own. Pure; it presses nothing. */
import { isHostKey, type KeyPress, type parseHostKeys } from './host-keys.js';

export interface KeySituation {
  readonly hasSelection: boolean;
  /** Tab moves the focus instead of being typed. */
  readonly tabLeaves: boolean;
  /** The key before this one was Esc, a moment ago. */
  readonly afterEscape: boolean;
  readonly hostKeys: ReturnType<typeof parseHostKeys>;
}

/** `program`: typed. `page`: not touched, so that the browser or the host acts on it. */
export type KeyDecision = 'program' | 'page' | 'copy' | 'find';

export function decideKey(press: KeyPress, situation: KeySituation): KeyDecision {
  const { ctrlKey, altKey, shiftKey, metaKey } = press;
  if (isHostKey(press, situation.hostKeys)) return 'page';
  if (press.key === 'Tab' && !ctrlKey && !altKey && !metaKey) {
    return situation.tabLeaves || situation.afterEscape ? 'page' : 'program';
  }
  if (!ctrlKey || altKey || metaKey) return 'program';
  const letter = press.key.toLowerCase();
  if (letter === 'c' && (shiftKey || situation.hasSelection)) return 'copy';
  if (press.key === 'Insert' && situation.hasSelection) return 'copy';
  // The browser's own paste reaches the terminal's input as an event.
  if (letter === 'v') return 'page';
  if (letter === 'f' && shiftKey) return 'find';
  return 'program';
}
