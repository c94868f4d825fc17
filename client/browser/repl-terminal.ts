/**
 * `<repl-terminal>`: a REPL in a page. It puts the session, the screen, the bar and the touch keys together and gives the
 * host its attributes, methods and events (docs/component.md). What a session is and how it is drawn is decided elsewhere.
 */
import xtermStyle from '@xterm/xterm/css/xterm.css';
import { SessionClient } from '../session-client.js';
import type { OwnedSession } from '../session-info.js';
import { ReplError } from '../repl-error.js';
import type { RestartOptions, StartOptions } from '../start-options.js';
import { ActionButtons } from './action-buttons.js';
import { FindBox } from './find-box.js';
import { HostAttributes } from './host-attributes.js';
import { decideKey } from './key-decision.js';
import { cloneMarkup } from './markup.js';
import { partOf } from './part-of.js';
import type { Phase } from './phase.js';
import { PhaseView } from './phase-view.js';
import componentStyle from './repl-terminal.css';
import { Screen } from './screen.js';
import { ScreenSize } from './screen-size.js';
import { SessionControl } from './session-control.js';
import { takeSetBefore } from './set-before.js';
import { schemeOf } from './themes.js';
import { TouchKeys } from './touch-keys.js';
import { TranscriptView } from './transcript-view.js';

/** As long as editors give for "Esc, then Tab leaves". */
const escapeTabMs = 2_000;

const preferences = ['(prefers-color-scheme: dark)', '(prefers-contrast: more)', '(pointer: coarse)'];

/** What Start and Restart send: fixed, or asked for at each press. */
export type SessionOptions = Partial<StartOptions> | ((action: 'start' | 'restart') => Partial<StartOptions>);

export class ReplTerminal extends HTMLElement {
  static readonly observedAttributes = ['session', 'endpoint', 'theme', 'tab-key', 'screen-reader', 'touch', 'hide'];

  /** What sessions are started with; files, start-up code and so on. */
  sessionOptions: SessionOptions = takeSetBefore<ReplTerminal, 'sessionOptions'>(this, 'sessionOptions') ?? {};
  readonly #root: ShadowRoot;
  readonly #asked = new HostAttributes(this);
  readonly #view: PhaseView;
  readonly #control: SessionControl;
  #client: SessionClient | null = null;
  #screen: Screen | null = null;
  #touchKeys: TouchKeys | null = null;
  #findBox: FindBox | null = null;
  #transcriptView: TranscriptView | null = null;
  #leaving: AbortController | null = null;
  /** What it was attached to when it was taken out of the page. */
  #left: string | null = null;
  #escapedAt = -Infinity;
  readonly #size = new ScreenSize({
    screen: () => this.#screen,
    watches: () => this.#watches,
    tell: (size) => {
      this.#control.resize(size);
    },
  });

  constructor() {
    super();
    this.#root = this.attachShadow({ mode: 'open', delegatesFocus: false });
    this.#root.append(cloneMarkup());
    this.#root.adoptedStyleSheets = [sheetOf(xtermStyle), sheetOf(componentStyle)];
    this.#view = new PhaseView(this.#root);
    this.#control = this.#makeControl();
    const client = takeSetBefore<ReplTerminal, 'client'>(this, 'client');
    if (client !== undefined) this.client = client;
    this.#view.show({ kind: 'idle' });
  }

  // --- what a host can do ---

  /** The id that is attached to, or null. */
  get session(): string | null {
    return this.#control.id;
  }

  get phase(): Phase {
    return this.#control.phase;
  }

  /** The client of `endpoint`, unless the host has set its own, for instance with headers. */
  get client(): SessionClient {
    this.#client ??= new SessionClient({ url: this.#asked.endpoint });
    return this.#client;
  }

  set client(client: SessionClient) {
    this.#client = client;
    this.#control.use(client);
  }

  /** Whether what is typed now reaches the REPL. */
  get ready(): boolean {
    return this.#control.ready;
  }

  /** All that the terminal still holds, as plain text. */
  get transcript(): string {
    return this.#screen?.transcript ?? '';
  }

  get selection(): string {
    return this.#screen?.selection ?? '';
  }

  /** Starts a session, leaving the one before. Rejects with a ReplError, which the event `repl-error` has as well. */
  async start(options: Partial<StartOptions> = {}): Promise<OwnedSession> {
    this.#screen?.fit();
    const { size } = this.#screen ?? {};
    const terminal = size === undefined ? {} : { terminal: size };
    const { language } = this.#asked;
    const asked = { language, ...terminal, ...this.#optionsFor('start'), ...options };
    return await this.#reported(this.#control.start(asked));
  }

  /** A fresh REPL in the same session, with the same files or with those given. */
  async restart(options: Partial<StartOptions> = {}): Promise<void> {
    // What the session keeps; the API refuses it here.
    const {
      language: _language,
      limits: _limits,
      egress: _egress,
      ...asked
    } = { ...this.#optionsFor('restart'), ...options };
    const restart: RestartOptions = asked;
    await this.#reported(this.#control.restart(restart));
  }

  async end(): Promise<void> {
    await this.#reported(this.#control.end());
  }

  /** What Ctrl+C does, also while a flood of output runs. */
  async interrupt(): Promise<void> {
    await this.#reported(this.#control.interrupt());
  }

  /** Attaches to a session by its id, to type, or by its view id, to watch. */
  attach(id: string): void {
    this.#control.attach(id);
  }

  /** Leaves the session, which goes on until it is idle for too long. */
  detach(): void {
    this.#control.detach();
  }

  /** Connects again at once. */
  retry(): void {
    this.#control.retry();
  }

  /** Types text as if a person did; false where it was dropped. */
  type(text: string): boolean {
    return this.#control.input(new TextEncoder().encode(text));
  }

  /** Pastes text: in brackets where the program has asked for that. */
  paste(text: string): void {
    this.#screen?.paste(text);
  }

  copySelection(): Promise<boolean> {
    return this.#screen?.copySelection() ?? Promise.resolve(false);
  }

  openFind(): void {
    this.#findBox?.open();
  }

  openTranscript(): void {
    this.#transcriptView?.open(this.transcript);
  }

  /** Reads the colours and the font again, after the host has changed custom properties. */
  refreshTheme(): void {
    const prefers = (query: string): boolean => matchMedia(query).matches;
    const scheme = schemeOf(this.getAttribute('theme'), prefers);
    const frame = partOf(this.#root, '.frame', HTMLElement);
    frame.dataset.scheme = scheme;
    const style = getComputedStyle(frame);
    this.#screen?.applyTheme(scheme, (name) => style.getPropertyValue(`--_${name}`).trim());
    this.#size.stir();
  }

  override focus(): void {
    if (this.#asked.touches) this.#touchKeys?.focus();
    else this.#screen?.focus();
  }

  // --- its life in the page ---

  connectedCallback(): void {
    const leaving = new AbortController();
    this.#leaving = leaving;
    this.#open();
    const { signal } = leaving;
    this.#buttons().listen(signal);
    for (const query of preferences) {
      matchMedia(query).addEventListener(
        'change',
        () => {
          this.#applyAttributes();
        },
        { signal },
      );
    }
    const observer = new ResizeObserver(() => {
      this.#size.stir();
    });
    observer.observe(partOf(this.#root, '.screen', HTMLElement));
    signal.addEventListener('abort', () => {
      observer.disconnect();
    });
    // An element that is moved in its page is taken out and put in again.
    const session = this.#left ?? this.getAttribute('session');
    this.#left = null;
    if (session !== null && session !== '') this.#control.attach(session);
    else if (this.hasAttribute('autostart')) void this.start().catch(() => undefined);
  }

  disconnectedCallback(): void {
    this.#leaving?.abort();
    this.#leaving = null;
    this.#left = this.#control.id;
    this.#control.detach();
    this.#view.stop();
    this.#size.stop();
    this.#screen?.dispose();
    this.#screen = null;
    partOf(this.#root, '.screen', HTMLElement).replaceChildren();
    this.#root.adoptedStyleSheets = this.#root.adoptedStyleSheets.slice(0, 2);
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (before === now) return;
    if (name === 'endpoint') this.client = new SessionClient({ url: this.#asked.endpoint });
    else if (this.#screen === null) {
      // Out of the page: another session than the one that it has left, or none, is what it is to have when it is back.
      if (name === 'session') this.#left = null;
    } else if (name !== 'session') this.#applyAttributes();
    else if (now === null || now === '') this.#control.detach();
    else if (now !== this.#control.id) this.#control.attach(now);
  }

  #open(): void {
    const screen = new Screen({
      container: partOf(this.#root, '.screen', HTMLElement),
      adopt: (sheet) => {
        this.#root.adoptedStyleSheets.push(sheet);
      },
      listener: {
        onInput: (data) => {
          this.#typed(data);
        },
        onKey: (event) => this.#onKey(event),
        onLocation: ({ path, line }) => {
          this.#tell('repl-location', { path, line });
        },
        onTitle: (title) => {
          this.#tell('repl-title', { title });
        },
      },
    });
    this.#screen = screen;
    const refocus = (): void => {
      this.focus();
    };
    // These hold listeners on elements that stay as long as the component.
    this.#touchKeys ??= new TouchKeys(this.#root, {
      type: (text) => this.type(text),
      applicationCursorKeys: () => this.#screen?.applicationCursorKeys ?? false,
    });
    this.#findBox ??= new FindBox(this.#root, () => this.#screen?.finder ?? null, {
      onClosed: refocus,
      onNotFound: () => {
        this.#view.announce('No match.');
      },
      onFailed: () => {
        this.#view.notice('The search could not be loaded.');
      },
    });
    this.#transcriptView ??= new TranscriptView(this.#root, refocus);
    if (this.#asked.images) void screen.allowImages().catch(() => undefined);
    this.#applyAttributes();
    screen.fit();
  }

  #makeControl(): SessionControl {
    return new SessionControl(this.client, {
      onPhase: (phase) => {
        this.#onPhase(phase);
      },
      onStarted: (session) => {
        this.#tell('repl-start', { session });
      },
      onOutput: (data, taken) => {
        this.#screen?.write(data, taken);
      },
      onHello: (size) => {
        this.#size.onHello(size);
      },
      onReplayed: () => {
        this.#size.onReplayed();
        this.#tell('repl-ready', {});
      },
      onReset: () => {
        this.#screen?.reset();
      },
      onResized: (size) => {
        this.#size.onResized(size);
      },
      onRestarted: () => {
        this.#tell('repl-restart', {});
      },
      onExit: (exit) => {
        this.#tell('repl-exit', { exit });
      },
      onWarning: (reason, seconds) => {
        this.#view.notice(`Ends in ${Math.ceil(seconds)} seconds (${reason})`);
        this.#tell('repl-warning', { reason, seconds });
      },
    });
  }

  // --- attributes ---

  #optionsFor(action: 'start' | 'restart'): Partial<StartOptions> {
    return typeof this.sessionOptions === 'function' ? this.sessionOptions(action) : this.sessionOptions;
  }

  #applyAttributes(): void {
    this.#asked.apply(this.#root);
    this.#screen?.setReadable(this.#asked.screenReader);
    this.#screen?.setOnScreenKeyboard(!this.#asked.touches);
    this.refreshTheme();
  }

  // --- what happens ---

  get #watches(): boolean {
    const { phase } = this.#control;
    return phase.kind === 'live' && phase.role === 'viewer';
  }

  #onPhase(phase: Phase): void {
    if (phase.kind === 'idle' || phase.kind === 'ended') this.#size.onOver();
    this.#view.show(phase);
    this.#screen?.setWritable(!this.#watches);
    partOf(this.#root, '.screen', HTMLElement).classList.toggle('watching', this.#watches);
    if (phase.kind === 'failed') this.#tell('repl-error', { error: phase.error });
    if (phase.kind === 'ended') this.#tell('repl-end', { error: phase.error });
    this.#tell('repl-phase', { phase });
  }

  #typed(data: Uint8Array): void {
    const text = new TextDecoder().decode(data);
    const held = this.#touchKeys?.withCtrl(text) ?? text;
    if (held === text) this.#control.input(data);
    else this.type(held);
  }

  #onKey(event: KeyboardEvent): boolean {
    const afterEscape = event.timeStamp - this.#escapedAt < escapeTabMs;
    if (event.type !== 'keydown') return true;
    if (event.key !== 'Shift') this.#escapedAt = event.key === 'Escape' ? event.timeStamp : -Infinity;
    const decision = decideKey(event, {
      hasSelection: this.selection !== '',
      tabLeaves: this.#asked.tabLeaves,
      afterEscape,
      hostKeys: this.#asked.hostKeys,
    });
    if (decision === 'copy' || decision === 'find') event.preventDefault();
    if (decision === 'copy') void this.copySelection();
    if (decision === 'find') this.openFind();
    return decision === 'program';
  }

  #buttons(): ActionButtons {
    const acts: Record<string, () => unknown> = {
      start: () => this.#actFocused(() => this.start()),
      stop: () => this.#actFocused(() => this.interrupt()),
      restart: () => this.#actFocused(() => this.restart()),
      end: () => this.end(),
      retry: () =>
        this.#actFocused(() => {
          this.retry();
        }),
      veil: () => acts[this.#view.veilAction ?? '']?.(),
      tab: () => {
        this.#asked.toggleTab();
      },
      reader: () => {
        this.#asked.toggleScreenReader();
      },
      find: () => {
        this.openFind();
      },
      'find-next': () => this.#findBox?.next('next'),
      'find-close': () => this.#findBox?.close(),
      transcript: () => {
        this.openTranscript();
      },
      'transcript-close': () => this.#transcriptView?.close(),
      'transcript-copy': async () => {
        const copied = await this.#transcriptView?.copy();
        this.#view.announce(copied === true ? 'Copied.' : 'It could not be copied.');
      },
    };
    return new ActionButtons(this.#root, acts);
  }

  /** The button that was pressed may be gone in a moment; the focus goes where the person goes on. */
  #actFocused(act: () => unknown): unknown {
    this.focus();
    return act();
  }

  async #reported<Result>(work: Promise<Result>): Promise<Result> {
    try {
      return await work;
    } catch (error) {
      // The phase `failed` has told of a start; what is left is said here.
      if (error instanceof ReplError && error.code !== 'aborted' && this.phase.kind !== 'failed') {
        this.#view.notice(error.message);
        this.#tell('repl-error', { error });
      }
      throw error;
    }
  }

  #tell(name: string, detail: Readonly<Record<string, unknown>>): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

function sheetOf(text: string): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return sheet;
}
