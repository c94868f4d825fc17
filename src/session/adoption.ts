/**
 * Takes up what earlier runners left behind (design D6): sandboxes of this replica at once, those of another name, and
 * those that were let go of, once nobody holds them. A sandbox that was never claimed is destroyed, since only its own agent
 * could say that it is unused; so is one that does not run, such as a container whose daemon went away between its creation
 * and its start, and one that is older than any session may be.
 */
import { abortAfter } from '../abort-after.js';
import { AgentConnection, type AgentListener } from '../agent/agent-connection.js';
import { encodeFrame, frameTypes } from '../agent/frame.js';
import type { FoundSandbox, SandboxDriver } from '../sandbox/sandbox.js';
import { sendWindowBytes } from '../terminal/flow.js';
import { withAnySignal } from '../with-any-signal.js';
import { within } from '../within.js';
import type { Sessions } from './sessions.js';

/** Longer than an agent's lease, and so than any silence of one that is held. */
const listenMs = 9_000;
/** More than all the credit that a holder may have left behind: who prints more is being read. */
const readBytes = 2 * sendWindowBytes;
const beacon = encodeFrame(frameTypes.unheld);
const pong = encodeFrame(frameTypes.pong);
const syncTimeoutMs = 5_000;
/** A start waits no longer for what is left behind: one agent that does not answer must not hold up all the rest. */
const openMs = 10_000;
/** How often sandboxes that siblings hold are looked at again, and those of crashed siblings found. */
export const adoptionIntervalMs = 10_000;
/** A deploy stops a predecessor around the time that its successor starts: it looks this often, this long. */
const deployIntervalMs = 2_000;
const deployMs = 30_000;
/** So many sandboxes of a listing are looked at in one go, a millisecond's work; then others have their turn. */
const sliceLength = 1_000;

export interface AdoptionOptions {
  readonly replica: string;
  readonly resumeGraceSeconds: number;
  /** What is older holds neither a session nor a run, whatever its agent says: a subverted one could feign that it is held. */
  readonly maxAgeMs: number;
}

/** What others are told of it: logs and metrics. */
export interface AdoptionListener {
  /** How many sandboxes of this replica run, its pool's and its sessions' included. */
  onListed(count: number): void;
  onAdopted(sessionId: string): void;
  /** The id is empty where the sandboxes could not be listed. */
  onFailed(sessionId: string, error: unknown): void;
}

/** What a listing comes to. */
interface Sorted {
  /** How many run that are of our name, or of a session that was taken up from another. */
  ours: number;
  /** Both ids of each whose session does not live here. */
  readonly elsewhere: string[];
  /** To be taken up at once. */
  readonly own: FoundSandbox[];
  /** To be taken up where nobody holds them. */
  readonly others: FoundSandbox[];
}

export class Adoption {
  readonly #driver: SandboxDriver;
  readonly #sessions: Sessions;
  readonly #options: AdoptionOptions;
  readonly #listener: AdoptionListener;
  readonly #underWay = new Set<string>();
  readonly #stopping = new AbortController();
  /** Sandboxes of our own name that were there before us; later ones are this runner's own pool and sessions. */
  #inherited: ReadonlySet<string> | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(
    parts: { driver: SandboxDriver; sessions: Sessions },
    options: AdoptionOptions,
    listener: AdoptionListener,
  ) {
    this.#driver = parts.driver;
    this.#sessions = parts.sessions;
    this.#options = options;
    this.#listener = listener;
  }

  /**
   * Resolves when the sandboxes of this replica's own name are taken up, but for those that take their time; these and others
   * follow in the background. Rejects when sandboxes cannot be listed.
   */
  async open(): Promise<void> {
    if (!this.#driver.sandboxesOutliveRunner) return;
    const { own } = await this.#sweep();
    await within(openMs, Promise.all(own));
    this.#sweepAgain(performance.now() + deployMs);
  }

  stop(): void {
    this.#stopping.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #sweepAgain(deployUntil: number): void {
    if (this.#stopping.signal.aborted) return;
    const wait = performance.now() < deployUntil ? deployIntervalMs : adoptionIntervalMs;
    this.#timer = setTimeout(() => {
      this.#sweep()
        .catch((error: unknown) => {
          this.#listener.onFailed('', error);
        })
        .finally(() => {
          this.#sweepAgain(deployUntil);
        });
    }, wait).unref();
  }

  /** Looks at all that runs; what it takes up of this replica's own goes on behind it. Rejects where nothing can be listed. */
  async #sweep(): Promise<{ own: readonly Promise<void>[] }> {
    const found = await this.#driver.list();
    this.#inherited ??= new Set(
      found.filter((sandbox) => !sandbox.dead && this.#isOwn(sandbox)).map(({ spec }) => spec.identity.sessionId),
    );
    const { ours, elsewhere, own, others } = await this.#sort(found);
    this.#sessions.sight(elsewhere);
    this.#listener.onListed(ours);
    for (const sandbox of others) void this.#take(sandbox, true);
    return { own: own.map((sandbox) => this.#take(sandbox, false)) };
  }

  /** What is to be done about each, with one look at each; the dead are seen to at once. */
  async #sort(found: readonly FoundSandbox[]): Promise<Sorted> {
    const sorted: Sorted = { ours: 0, elsewhere: [], own: [], others: [] };
    for (const [index, sandbox] of found.entries()) {
      if (index % sliceLength === sliceLength - 1) await nextTurn();
      const { sessionId, viewId } = sandbox.spec.identity;
      const isHere = this.#sessions.has(sessionId);
      const isOwn = this.#isOwn(sandbox);
      if (sandbox.dead || (!isHere && this.#isOverdue(sandbox))) void this.#bury(sandbox);
      else {
        if (isOwn || isHere) sorted.ours += 1;
        if (!isHere) sorted.elsewhere.push(sessionId, viewId);
        const atOnce = isOwn && !this.#sessions.hasLetGo(sessionId);
        if (this.#isCandidate(sandbox)) (atOnce ? sorted.own : sorted.others).push(sandbox);
      }
    }
    return sorted;
  }

  #isOverdue({ createdAt }: FoundSandbox): boolean {
    return Date.now() - createdAt.getTime() > this.#options.maxAgeMs;
  }

  #isOwn({ spec }: FoundSandbox): boolean {
    return spec.identity.replica === this.#options.replica;
  }

  #isCandidate(found: FoundSandbox): boolean {
    const { sessionId } = found.spec.identity;
    if (this.#sessions.has(sessionId) || this.#underWay.has(sessionId)) return false;
    if (!this.#isOwn(found) || this.#sessions.hasLetGo(sessionId)) return true;
    return this.#inherited?.has(sessionId) === true;
  }

  /** Removes what is left of a sandbox, unless its session here is about to. */
  async #bury(found: FoundSandbox): Promise<void> {
    const { sessionId } = found.spec.identity;
    if (this.#sessions.has(sessionId) || this.#underWay.has(sessionId)) return;
    this.#underWay.add(sessionId);
    try {
      await found.destroy();
    } catch (error) {
      this.#listener.onFailed(sessionId, error);
    } finally {
      this.#underWay.delete(sessionId);
    }
  }

  async #take(found: FoundSandbox, mayBeHeld: boolean): Promise<void> {
    const { sessionId } = found.spec.identity;
    this.#underWay.add(sessionId);
    try {
      // After an outage no lease says anything: each holder comes back, some sooner than others.
      if (mayBeHeld && (!(await isUnheld(found, this.#stopping.signal)) || this.#sessions.recovering)) return;
      await this.#adopt(found);
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#listener.onFailed(sessionId, error);
    } finally {
      this.#underWay.delete(sessionId);
    }
  }

  async #adopt(found: FoundSandbox): Promise<void> {
    const sandbox = await found.reattach(this.#stopping.signal);
    const connection = new AgentConnection(sandbox.stream, new Unheard());
    try {
      const { replica, resumeGraceSeconds } = this.#options;
      const agent = await connection.sync({ replica, resumeGraceSeconds, fresh: false, timeoutMs: syncTimeoutMs });
      if (agent.state === 'waiting') {
        connection.close('it was never claimed');
        await sandbox.destroy();
        return;
      }
      await this.#sessions.adopt({ sandbox, connection, agent, createdAt: found.createdAt, cold: false, waitMs: 0 });
      this.#listener.onAdopted(found.spec.identity.sessionId);
    } catch (error) {
      connection.close('it could not be taken up');
      throw error;
    }
  }
}

/**
 * Hears an agent without a word to it: its beacon says that nobody holds it, an answer to a ping that somebody does. What its
 * programs print says neither, since it goes on against credit that is left; nothing but that all the while, or silence,
 * says that nobody pings.
 */
async function isUnheld(found: FoundSandbox, stopping: AbortSignal): Promise<boolean> {
  const unheld = await withAnySignal([stopping, abortAfter(listenMs)], (bounded) => hearsNoHolder(found, bounded));
  return unheld && !stopping.aborted;
}

async function hearsNoHolder(found: FoundSandbox, bounded: AbortSignal): Promise<boolean> {
  const listening = await found.listen(bounded);
  const stop = (): void => {
    listening.close();
  };
  bounded.addEventListener('abort', stop);
  if (bounded.aborted) stop();
  try {
    let bytes = 0;
    for await (const chunk of listening) {
      bytes += chunk.length;
      const [unheldAt, heldAt] = [chunk.lastIndexOf(beacon), chunk.lastIndexOf(pong)];
      if (unheldAt !== heldAt) return unheldAt > heldAt;
      if (bytes >= readBytes) return false;
    }
  } catch (error) {
    if (!bounded.aborted) throw error;
  } finally {
    bounded.removeEventListener('abort', stop);
    stop();
  }
  return true;
}

/** Between the attach and the session there is nothing that an agent has to tell. */
class Unheard implements AgentListener {
  onOutput(): void {
    // no output is allowed yet
  }
  onInputCredit(): void {
    // credit of an earlier runner
  }
  onExit(): void {
    // the state that SYNC answers with says so
  }
  onReady(): void {
    // the state that SYNC answers with says so
  }
  onClosed(): void {
    // sync rejects
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
