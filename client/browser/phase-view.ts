/** Shows the phase: in the bar, over the screen where that has nothing to say, and to screen readers. */
import { partOf } from './part-of.js';
import { actionsOf, type Phase, type PhaseAction } from './phase.js';
import { isPassing, wordsOf } from './phase-words.js';

/** A phase that is over before this is not named. */
const nameAfterMs = 300;

const veilLabels: Readonly<Partial<Record<PhaseAction, string>>> = {
  start: 'Start a REPL',
  retry: 'Reconnect',
  restart: 'Start again',
};

/** A short loss does not move the screen; an end does, as its last lines are to be read. */
function placeOf({ kind }: Phase): 'over' | 'floating' | 'below' {
  if (kind === 'reconnecting') return 'floating';
  return kind === 'exited' || kind === 'lost' || kind === 'ended' || kind === 'failed' ? 'below' : 'over';
}

export class PhaseView {
  readonly #root: ParentNode;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #veilAction: PhaseAction | null = null;

  constructor(root: ParentNode) {
    this.#root = root;
  }

  /** What the button over the screen does at the moment. */
  get veilAction(): PhaseAction | null {
    return this.#veilAction;
  }

  show(phase: Phase): void {
    this.stop();
    this.#enable(actionsOf(phase));
    if (isPassing(phase) || (phase.kind === 'live' && !phase.printed)) {
      this.#timer = setTimeout(() => {
        this.#name(phase);
      }, nameAfterMs);
    } else {
      this.#name(phase);
    }
    if (phase.kind === 'live') this.#veil(phase);
  }

  /** Something to know that changes no phase; it stays until the next one. */
  notice(sentence: string): void {
    const state = partOf(this.#root, '.state', HTMLElement);
    state.dataset.tone = 'bad';
    state.title = sentence;
    partOf(this.#root, '[data-slot=short]', HTMLElement).textContent = sentence;
    this.announce(sentence);
  }

  /** A sentence for screen readers. */
  announce(sentence: string): void {
    partOf(this.#root, '.live', HTMLElement).textContent = sentence;
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #name(phase: Phase): void {
    const { short, long, tone } = wordsOf(phase);
    const state = partOf(this.#root, '.state', HTMLElement);
    state.dataset.tone = tone;
    state.title = long ?? '';
    partOf(this.#root, '[data-slot=short]', HTMLElement).textContent = short;
    if (long !== null) this.announce(long);
    this.#veil(phase);
  }

  #veil(phase: Phase): void {
    const { long } = wordsOf(phase);
    const veil = partOf(this.#root, '.veil', HTMLElement);
    const actions = actionsOf(phase);
    this.#veilAction = (['retry', 'start', 'restart'] as const).find((action) => actions.has(action)) ?? null;
    // What the program printed last stays readable: a bar below the screen asks what to do.
    veil.dataset.place = placeOf(phase);
    veil.hidden = phase.kind === 'live' || phase.kind === 'restarting' || long === null;
    partOf(veil, '[data-slot=long]', HTMLElement).textContent = long;
    const button = partOf(veil, 'button', HTMLButtonElement);
    if (phase.kind === 'live') this.#veilAction = null;
    button.hidden = this.#veilAction === null || this.#isHiddenByHost(this.#veilAction);
    button.textContent = this.#veilAction === null ? '' : (veilLabels[this.#veilAction] ?? '');
  }

  #isHiddenByHost(action: PhaseAction): boolean {
    const button = this.#root.querySelector(`.bar [data-action=${action}]`);
    return button?.classList.contains('hidden-by-host') ?? false;
  }

  #enable(actions: ReadonlySet<PhaseAction>): void {
    for (const action of ['start', 'stop', 'restart', 'end'] as const) {
      const button = partOf(this.#root, `.bar [data-action=${action}]`, HTMLButtonElement);
      button.disabled = !actions.has(action);
      // Start is shown where it can be used, the others where it cannot.
      button.classList.toggle('absent', action === 'start' ? button.disabled : actions.has('start'));
    }
  }
}
