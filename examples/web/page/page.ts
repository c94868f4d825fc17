/**
 * The page: files, editor and REPL put together. What a host app of one's own needs of it is `connectRepl`; the rest is
 * about files.
 */
import type { ReplTerminal } from '../../../client/browser/repl-terminal.js';
import type { SessionInfo } from '../../../client/session-info.js';
import { askName } from './ask-name.js';
import { byId } from './by-id.js';
import { CodeEditor } from './code-editor.js';
import { faultOfName } from './file-name.js';
import { FileTabs } from './file-tabs.js';
import { Project } from './project.js';
import { runCode, workspacePath } from './run-code.js';
import { sessionMemory } from './session-memory.js';
import { startThemeSwitch } from './theme-switch.js';
import { watchedId, watchLink } from './watch-link.js';
import { zip } from './zip.js';

/** What this page uses of the component. */
type ReplElement = HTMLElement & Pick<ReplTerminal, 'attach' | 'phase' | 'restart' | 'sessionOptions' | 'start'>;

await customElements.whenDefined('repl-terminal');
// Defined by repl-terminal.js, which the page loads beside this file.
const terminal = byId('terminal', HTMLElement) as ReplElement;
const project = new Project(localStorage);
const saved = byId('saved', HTMLElement);
let open = project.names[0] ?? '';

const editor = new CodeEditor(byId('editor', HTMLElement), (name, text) => {
  tellSaved(project.write(name, text));
});
const tabs = new FileTabs(byId('tabs', HTMLElement), openFile);

function tellSaved(kept: boolean): void {
  saved.textContent = kept ? 'Saved in this browser' : 'Not saved: this browser has no room';
}

function openFile(name: string): void {
  open = name;
  editor.open(name, project.textOf(name));
  tabs.show(project.names, name);
}

function showRepl(shown: boolean): void {
  document.body.classList.toggle('repl-shown', shown);
  if (shown) terminal.focus();
  else editor.focus();
}

async function newFile(): Promise<void> {
  const name = await askName('Name of the new file', '', (given) => faultOfName(given, project.names));
  if (name === null) return;
  tellSaved(project.write(name, ''));
  openFile(name);
  editor.focus();
}

async function renameFile(): Promise<void> {
  const others = project.names.filter((name) => name !== open);
  const name = await askName(`New name of ${open}`, open, (given) => faultOfName(given, others));
  if (name === null || name === open) return;
  editor.forget(open);
  tellSaved(project.rename(open, name));
  openFile(name);
}

function deleteFile(): void {
  if (project.names.length < 2 || !confirm(`Delete ${open}?`)) return;
  editor.forget(open);
  tellSaved(project.remove(open));
  openFile(project.names[0] ?? '');
}

/** A fresh REPL with the files as they are now, in which the open file has run. */
async function run(): Promise<void> {
  showRepl(true);
  const options = { files: project.files, startup: runCode(open) };
  const { kind } = terminal.phase;
  if (kind === 'live' || kind === 'exited') await terminal.restart(options);
  else await terminal.start(options);
}

function download(): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([zip(project.files)], { type: 'application/zip' }));
  link.download = 'python.zip';
  link.click();
  URL.revokeObjectURL(link.href);
}

function share(): void {
  const kept = sessionMemory.read();
  if (kept === null) return;
  byId('shared-link', HTMLInputElement).value = watchLink(location.href, kept.viewId);
  byId('shared', HTMLDialogElement).showModal();
}

/** All that a page does for its REPL: what to start with, what to remember, and where a traceback leads. */
function connectRepl(): void {
  terminal.sessionOptions = () => ({ files: project.files });
  terminal.addEventListener('repl-start', (event) => {
    // The event's shape is stated in docs/component.md.
    const { session } = (event as CustomEvent<{ session: SessionInfo & { id: string } }>).detail;
    sessionMemory.write(session);
  });
  terminal.addEventListener('repl-end', (event) => {
    const { error } = (event as CustomEvent<{ error: { code: string } | null }>).detail;
    if (error?.code !== 'taken_over') sessionMemory.forget();
  });
  terminal.addEventListener('repl-phase', () => {
    byId('share', HTMLButtonElement).disabled = sessionMemory.read() === null;
  });
  terminal.addEventListener('repl-location', (event) => {
    const { path, line } = (event as CustomEvent<{ path: string; line: number }>).detail;
    const name = workspacePath(path);
    if (name === null || !project.names.includes(name)) return;
    showRepl(false);
    openFile(name);
    editor.goToLine(line);
  });
  const kept = sessionMemory.read();
  if (kept !== null) terminal.attach(kept.id);
}

function onClick(id: string, act: () => unknown): void {
  byId(id, HTMLButtonElement).addEventListener('click', () => {
    // The terminal shows what fails.
    void Promise.resolve(act()).catch(() => undefined);
  });
}

function connectButtons(): void {
  onClick('run', run);
  onClick('share', share);
  onClick('download', download);
  onClick('new-file', newFile);
  onClick('rename-file', renameFile);
  onClick('delete-file', deleteFile);
  onClick('show-repl', () => {
    showRepl(true);
  });
  onClick('show-files', () => {
    showRepl(false);
  });
  onClick('shared-copy', () => navigator.clipboard.writeText(byId('shared-link', HTMLInputElement).value));
}

/** Keys of this page's own; `host-keys` lets them out of the terminal. */
function connectKeys(): void {
  const acts: Readonly<Record<string, () => unknown>> = {
    KeyR: run,
    KeyE: () => {
      showRepl(false);
    },
    KeyT: () => {
      showRepl(true);
    },
  };
  document.addEventListener('keydown', (event) => {
    const act = event.altKey && !event.ctrlKey && !event.metaKey ? acts[event.code] : undefined;
    if (act === undefined) return;
    event.preventDefault();
    void Promise.resolve(act()).catch(() => undefined);
  });
}

startThemeSwitch(terminal);
const watched = watchedId(location.hash);
if (watched === null) {
  openFile(open);
  connectRepl();
  connectButtons();
  connectKeys();
} else {
  document.body.classList.add('watching');
  document.title = 'Watching a REPL';
  terminal.setAttribute('hide', 'start stop restart end tab hint');
  terminal.attach(watched);
}
// Another link pasted into the same tab is another page.
addEventListener('hashchange', () => {
  location.reload();
});
