/**
 * Takes up what earlier runners left behind (design D6): sandboxes of this replica at once, those of another name once
 * nobody holds them. A sandbox that was never claimed is destroyed, since only its own agent could say that it is unused;
 * so is one that does not run, such as a container whose daemon went away between its creation and its start.
 */
import { AgentConnection, type AgentListener } from '../agent/agent-connection.js';
import { encodeFrame, frameTypes } from '../agent/frame.js';
import type { FoundSandbox, SandboxDriver } from '../sandbox/sandbox.js';
import type { Sessions } from './sessions.js';

/** Longer than an agent's lease, and so than any silence of one that is held. */
const listenMs = 6_000;
const syncTimeoutMs = 5_000;
/** How often sandboxes that siblings hold are looked at again, and those of crashed siblings found. */
export const adoptionIntervalMs = 10_000;
/** A deploy stops a predecessor around the time that its successor starts: it looks this often, this long. */
const deployIntervalMs = 2_000;
const deployMs = 30_000;

export interface AdoptionOptions {
  readonly replica: string;
  readonly resumeGraceSeconds: number;
  onAdopted(sessionId: string): void;
  onFailed(sessionId: string, error: unknown): void;
}

export class Adoption {
  readonly #driver: SandboxDriver;
  readonly #sessions: Sessions;
  readonly #options: AdoptionOptions;
  readonly #underWay = new Set<string>();
  readonly #stopping = new AbortController();
  /** Sandboxes of our own name that were there before us; later ones are this runner's own pool and sessions. */
  #inherited: ReadonlySet<string> | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(driver: SandboxDriver, sessions: Sessions, options: AdoptionOptions) {
    this.#driver = driver;
    this.#sessions = sessions;
    this.#options = options;
  }

  /** Resolves when the sandboxes of this replica's own name are taken up; others follow in the background. */
  async open(): Promise<void> {
    if (!this.#driver.sandboxesOutliveRunner) return;
    await this.#sweep();
    this.#sweepAgain(performance.now() + deployMs);
  }

  stop(): void {
    this.#stopping.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #sweepAgain(deployUntil: number): void {
    const wait = performance.now() < deployUntil ? deployIntervalMs : adoptionIntervalMs;
    this.#timer = setTimeout(() => {
      this.#sweep()
        .catch((error: unknown) => {
          this.#options.onFailed('', error);
        })
        .finally(() => {
          if (!this.#stopping.signal.aborted) this.#sweepAgain(deployUntil);
        });
    }, wait).unref();
  }

  async #sweep(): Promise<void> {
    const found = await this.#driver.list();
    const listed = found.filter(({ dead }) => !dead);
    for (const sandbox of found) if (sandbox.dead) void this.#bury(sandbox);
    this.#inherited ??= new Set(
      listed.filter((sandbox) => this.#isOwn(sandbox)).map(({ spec }) => spec.identity.sessionId),
    );
    const candidates = listed.filter((sandbox) => this.#isCandidate(sandbox));
    const own = candidates.filter((sandbox) => this.#isOwn(sandbox));
    for (const sandbox of candidates) if (!own.includes(sandbox)) void this.#take(sandbox, true);
    await Promise.all(own.map((sandbox) => this.#take(sandbox, false)));
  }

  #isOwn({ spec }: FoundSandbox): boolean {
    return spec.identity.replica === this.#options.replica;
  }

  #isCandidate(found: FoundSandbox): boolean {
    const { sessionId } = found.spec.identity;
    if (this.#sessions.has(sessionId) || this.#underWay.has(sessionId)) return false;
    return !this.#isOwn(found) || this.#inherited?.has(sessionId) === true;
  }

  /** Removes what is left of a sandbox, unless its session here is about to. */
  async #bury(found: FoundSandbox): Promise<void> {
    const { sessionId } = found.spec.identity;
    if (this.#sessions.has(sessionId) || this.#underWay.has(sessionId)) return;
    this.#underWay.add(sessionId);
    try {
      await found.destroy();
    } catch (error) {
      this.#options.onFailed(sessionId, error);
    } finally {
      this.#underWay.delete(sessionId);
    }
  }

  async #take(found: FoundSandbox, mayBeHeld: boolean): Promise<void> {
    const { sessionId } = found.spec.identity;
    this.#underWay.add(sessionId);
    try {
      if (mayBeHeld && !(await isUnheld(found, this.#stopping.signal))) return;
      await this.#adopt(found);
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#options.onFailed(sessionId, error);
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
      this.#options.onAdopted(found.spec.identity.sessionId);
    } catch (error) {
      connection.close('it could not be taken up');
      throw error;
    }
  }
}

/** Hears an agent without a word to it: its beacon, or silence, says that nobody holds it, any other frame that somebody does. */
async function isUnheld(found: FoundSandbox, stopping: AbortSignal): Promise<boolean> {
  const beacon = encodeFrame(frameTypes.unheld);
  const bounded = AbortSignal.any([stopping, AbortSignal.timeout(listenMs)]);
  const listening = await found.listen(bounded);
  try {
    for await (const chunk of listening) return chunk.includes(beacon);
  } catch (error) {
    if (!bounded.aborted) throw error;
  } finally {
    listening.close();
  }
  return !stopping.aborted;
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
