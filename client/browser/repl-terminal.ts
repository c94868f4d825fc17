/**
 * `<repl-terminal>`: a REPL in a page. It puts the session, the screen, the bar and the touch keys together and gives the
 * host its attributes, methods and events (docs/component.md). What a session is and how it is drawn is decided elsewhere.
 */
import xtermStyle from '@xterm/xterm/css/xterm.css';
import { ReplClient, type OwnedSession } from '../repl-client.js';
import { ReplError } from '../repl-error.js';
import type { RestartOptions, StartOptions } from '../start-options.js';
import { FindBox } from './find-box.js';
import { parseHostKeys } from './host-keys.js';
import { decideKey } from './key-decision.js';
import { cloneMarkup } from './markup.js';
import { partOf } from './part-of.js';
import type { Phase } from './phase.js';
import { PhaseView } from './phase-view.js';
import componentStyle from './repl-terminal.css';
import { Screen } from './screen.js';
import { SessionControl } from './session-control.js';
import { schemeOf } from './themes.js';
import { TouchKeys } from './touch-keys.js';
import { TranscriptView } from './transcript-view.js';

/** As long as editors give for "Esc, then Tab leaves". */
const escapeTabMs = 2_000;
/** Sizes that a layout runs through are not all worth telling. */
const settleMs = 60;

const preferences = ['(prefers-color-scheme: dark)', '(prefers-contrast: more)', '(pointer: coarse)'];

/** What Start and Restart send: fixed, or asked for at each press. */
export type SessionOptions = Partial<StartOptions> | ((action: 'start' | 'restart') => Partial<StartOptions>);

export class ReplTerminal extends HTMLElement {
  static readonly observedAttributes = ['session', 'endpoint', 'theme', 'tab-key', 'screen-reader', 'touch', 'hide'];

  /** What sessions are started with; files, start-up code and so on. */
  sessionOptions: SessionOptions = {};
  readonly #root: ShadowRoot;
  readonly #view: PhaseView;
  readonly #control: SessionControl;
  #client: ReplClient | null = null;
  #screen: Screen | null = null;
  #touchKeys: TouchKeys | null = null;
  #findBox: FindBox | null = null;
  #transcriptView: TranscriptView | null = null;
  #leaving: AbortController | null = null;
  /** What it was attached to when it was taken out of the page. */
  #left: string | null = null;
  #escapedAt = -Infinity;
  #settleTimer: ReturnType<typeof setTimeout> | null = null;
  /** Old output is being drawn at the size at which it was printed. */
  #replaying = false;

  constructor() {
    super();
    this.#root = this.attachShadow({ mode: 'open', delegatesFocus: false });
    this.#root.append(cloneMarkup());
    this.#root.adoptedStyleSheets = [sheetOf(xtermStyle), sheetOf(componentStyle)];
    this.#view = new PhaseView(this.#root);
    this.#control = this.#makeControl();
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
  get client(): ReplClient {
    this.#client ??= this.#clientOfEndpoint();
    return this.#client;
  }

  set client(client: ReplClient) {
    this.#client = client;
    this.#control.use(client);
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
    const language = this.getAttribute('language') ?? 'python';
    const asked = { language, ...terminal, ...this.#optionsFor('start'), ...options };
    return await this.#reported(this.#control.start(asked));
  }

  /** A fresh REPL in the same session, with the same files or with those given. */
  async restart(options: Partial<StartOptions> = {}): Promise<void> {
    const { language: _language, limits: _limits, ...asked } = { ...this.#optionsFor('restart'), ...options };
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
    this.#settle();
  }

  override focus(): void {
    if (this.#touches()) this.#touchKeys?.focus();
    else this.#screen?.focus();
  }

  // --- its life in the page ---

  connectedCallback(): void {
    const leaving = new AbortController();
    this.#leaving = leaving;
    this.#open();
    const { signal } = leaving;
    this.#root.addEventListener('click', this.#onClick, { signal });
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
      this.#settle();
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
    if (this.#settleTimer !== null) clearTimeout(this.#settleTimer);
    this.#settleTimer = null;
    this.#screen?.dispose();
    this.#screen = null;
    partOf(this.#root, '.screen', HTMLElement).replaceChildren();
    this.#root.adoptedStyleSheets = this.#root.adoptedStyleSheets.slice(0, 2);
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (before === now) return;
    if (name === 'endpoint') this.client = this.#clientOfEndpoint();
    else if (this.#screen === null) return;
    else if (name !== 'session') this.#applyAttributes();
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
    this.#findBox ??= new FindBox(this.#root, () => this.#screen?.finder ?? null, refocus);
    this.#transcriptView ??= new TranscriptView(this.#root, refocus);
    if (this.hasAttribute('images')) void screen.allowImages().catch(() => undefined);
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
        this.#replaying = true;
        this.#screen?.resize(size);
      },
      onReplayed: () => {
        this.#replaying = false;
        this.#fit(true);
        this.#tell('repl-ready', {});
      },
      onReset: () => {
        this.#screen?.reset();
      },
      onResized: (size) => {
        const { phase } = this.#control;
        if (phase.kind === 'live' && phase.role === 'viewer') this.#screen?.resize(size);
      },
      onRestarted: () => {
        this.#screen?.freshLine();
        this.#tell('repl-restart', {});
      },
      onExit: (exit) => {
        this.#tell('repl-exit', { exit });
      },
      onWarning: (reason, seconds) => {
        this.#view.announce(`The session ends in ${Math.ceil(seconds)} seconds (${reason}).`);
        this.#tell('repl-warning', { reason, seconds });
      },
    });
  }

  // --- attributes ---

  #optionsFor(action: 'start' | 'restart'): Partial<StartOptions> {
    return typeof this.sessionOptions === 'function' ? this.sessionOptions(action) : this.sessionOptions;
  }

  #clientOfEndpoint(): ReplClient {
    return new ReplClient({ url: new URL(this.getAttribute('endpoint') ?? '/', location.href).href });
  }

  #tabLeaves(): boolean {
    return this.getAttribute('tab-key') === 'leave';
  }

  #touches(): boolean {
    const wanted = this.getAttribute('touch');
    return wanted === null || wanted === 'auto' ? matchMedia('(pointer: coarse)').matches : wanted !== 'off';
  }

  #applyAttributes(): void {
    const reader = this.hasAttribute('screen-reader');
    this.#screen?.setReadable(reader);
    partOf(this.#root, '[data-action=reader]', HTMLElement).setAttribute('aria-pressed', String(reader));
    const leaves = this.#tabLeaves();
    partOf(this.#root, '[data-action=tab]', HTMLElement).setAttribute('aria-pressed', String(leaves));
    partOf(this.#root, '[data-slot=hint]', HTMLElement).textContent = leaves ? 'Tab leaves' : 'Esc, then Tab leaves';
    const touches = this.#touches();
    partOf(this.#root, '.touch', HTMLElement).hidden = !touches;
    this.#screen?.setOnScreenKeyboard(!touches);
    const hidden = (this.getAttribute('hide') ?? '').split(/[\s,]+/);
    for (const part of this.#root.querySelectorAll<HTMLElement>('.bar, .bar [data-action], .state, .hint')) {
      const name = part.dataset.action ?? part.classList[0] ?? '';
      part.classList.toggle('hidden-by-host', hidden.includes(name));
    }
    this.refreshTheme();
  }

  // --- what happens ---

  #onPhase(phase: Phase): void {
    this.#view.show(phase);
    this.#screen?.setWritable(phase.kind !== 'live' || phase.role === 'owner');
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
      tabLeaves: this.#tabLeaves(),
      afterEscape,
      hostKeys: parseHostKeys(this.getAttribute('host-keys') ?? ''),
    });
    if (decision === 'copy' || decision === 'find') event.preventDefault();
    if (decision === 'copy') void this.copySelection();
    if (decision === 'find') this.openFind();
    return decision === 'program';
  }

  readonly #onClick = (event: Event): void => {
    const button = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-action]') : null;
    const action = button?.dataset.action ?? '';
    if (action !== 'more') this.#showMore(false);
    if (action !== '')
      void this.#act(action === 'veil' ? (this.#view.veilAction ?? '') : action).catch(() => undefined);
  };

  async #act(action: string): Promise<void> {
    switch (action) {
      case 'start':
        this.focus();
        await this.start();
        break;
      case 'stop':
        this.focus();
        await this.interrupt();
        break;
      case 'restart':
        this.focus();
        await this.restart();
        break;
      case 'end':
        await this.end();
        break;
      case 'retry':
        this.retry();
        break;
      default:
        await this.#actOnView(action);
    }
  }

  async #actOnView(action: string): Promise<void> {
    switch (action) {
      case 'tab':
        this.setAttribute('tab-key', this.#tabLeaves() ? 'type' : 'leave');
        break;
      case 'reader':
        this.toggleAttribute('screen-reader');
        break;
      case 'more':
        this.#showMore(partOf(this.#root, '.more', HTMLElement).hidden !== false);
        break;
      case 'find':
        this.openFind();
        break;
      case 'find-next':
        this.#findBox?.next('next');
        break;
      case 'find-close':
        this.#findBox?.close();
        break;
      case 'transcript':
        this.openTranscript();
        break;
      case 'transcript-close':
        this.#transcriptView?.close();
        break;
      case 'transcript-copy':
        this.#view.announce((await this.#transcriptView?.copy()) === true ? 'Copied.' : 'It could not be copied.');
        break;
    }
  }

  #showMore(shown: boolean): void {
    partOf(this.#root, '.more', HTMLElement).hidden = !shown;
    partOf(this.#root, '[data-action=more]', HTMLElement).setAttribute('aria-expanded', String(shown));
  }

  #settle(): void {
    if (this.#settleTimer !== null) clearTimeout(this.#settleTimer);
    this.#settleTimer = setTimeout(() => {
      this.#fit(false);
    }, settleMs);
  }

  /** @param tell also where the size did not change here, as the session's may differ */
  #fit(tell: boolean): void {
    const { phase } = this.#control;
    if (this.#replaying || this.#screen === null) return;
    if (phase.kind === 'live' && phase.role === 'viewer') return;
    const changed = this.#screen.fit();
    if (changed !== null || tell) this.#control.resize(this.#screen.size);
  }

  async #reported<Result>(work: Promise<Result>): Promise<Result> {
    try {
      return await work;
    } catch (error) {
      // The phase `failed` has told of a start; what is left is said here.
      if (error instanceof ReplError && error.code !== 'aborted' && this.phase.kind !== 'failed') {
        this.#view.announce(error.message);
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
