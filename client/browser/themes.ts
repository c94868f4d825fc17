/**
 * The terminal's colours. They are CSS custom properties of the component's style sheet, which a host may override one by
 * one; here they are read, since xterm.js wants values.
 */
import type { ITheme } from '@xterm/xterm';

export type Scheme = 'light' | 'dark' | 'high-contrast';

/** Contrast of text with what is behind it, at least: WCAG's AA and AAA. */
export const contrastOf: Readonly<Record<Scheme, number>> = { light: 4.5, dark: 4.5, 'high-contrast': 7 };

/** The attribute's theme; whatever else it says means the person's own preference. */
export function schemeOf(attribute: string | null, prefers: (query: string) => boolean): Scheme {
  if (attribute === 'light' || attribute === 'dark' || attribute === 'high-contrast') return attribute;
  if (prefers('(prefers-contrast: more)')) return 'high-contrast';
  return prefers('(prefers-color-scheme: dark)') ? 'dark' : 'light';
}

const ansiNames = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const;

/** @param property the value of a custom property of the component, by its name without the leading `--_` */
export function readTheme(property: (name: string) => string): ITheme {
  const theme: ITheme = {
    background: property('background'),
    foreground: property('foreground'),
    cursor: property('cursor'),
    cursorAccent: property('background'),
    selectionBackground: property('selection'),
    overviewRulerBorder: '#00000000',
    scrollbarSliderBackground: property('scrollbar'),
    scrollbarSliderHoverBackground: property('scrollbar-hover'),
    scrollbarSliderActiveBackground: property('scrollbar-hover'),
  };
  for (const name of ansiNames) {
    const bright = `bright${name.charAt(0).toUpperCase()}${name.slice(1)}` as `bright${Capitalize<typeof name>}`;
    theme[name] = property(name);
    theme[bright] = property(`bright-${name}`);
  }
  return theme;
}
