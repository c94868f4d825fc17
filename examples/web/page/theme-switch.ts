/** The page's theme and the terminal's, kept from one visit to the next. */
import { byId } from './by-id.js';

const storageKey = 'repl_runner.theme';
const themes = ['auto', 'light', 'dark', 'high-contrast'] as const;
const words = { auto: 'Auto', light: 'Light', dark: 'Dark', 'high-contrast': 'Contrast' } as const;

export function startThemeSwitch(terminal: HTMLElement): void {
  const button = byId('theme', HTMLButtonElement);
  const stored = localStorage.getItem(storageKey);
  let theme = themes.find((known) => known === stored) ?? 'auto';
  const apply = (): void => {
    document.documentElement.dataset.theme = theme;
    terminal.setAttribute('theme', theme);
    button.textContent = words[theme];
    button.ariaLabel = `Theme: ${words[theme]}`;
  };
  button.addEventListener('click', () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'auto';
    localStorage.setItem(storageKey, theme);
    apply();
  });
  apply();
}
