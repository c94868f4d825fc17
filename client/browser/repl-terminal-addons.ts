/**
 * What the first prompt can do without: a file of its own, loaded while the session starts. How wide the characters of
 * every script are, links, and the clipboard for programs.
 */
export { ClipboardAddon } from '@xterm/addon-clipboard';
export { UnicodeGraphemesAddon } from '@xterm/addon-unicode-graphemes';
export { WebLinksAddon } from '@xterm/addon-web-links';
