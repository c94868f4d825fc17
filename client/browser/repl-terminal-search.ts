/** Loaded when somebody looks for something: a file of its own, as few do. */
export { SearchAddon } from '@xterm/addon-search';
