/** Loaded when a page wants pictures in its terminal: a file of its own, as few do. */
export { ImageAddon } from '@xterm/addon-image';
