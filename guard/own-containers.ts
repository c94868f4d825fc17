/**
 * Which containers are sandboxes, and how many there are. The daemon's labels decide; an id that was found to be ours is
 * remembered, since ids are not used twice and labels do not change. It passes no call on by itself.
 */
import { z } from 'zod';
import { deploymentLabels } from '../src/sandbox/docker/container-labels.js';
import type { DaemonAnswer } from './daemon.js';
import { forcedFilters } from './list-filters.js';
import { Refusal } from './refusal.js';

/** Forgotten ones are merely asked for again. */
const rememberedIds = 20_000;

const inspected = z.object({ Config: z.object({ Labels: z.record(z.string(), z.string()).nullish() }) });
const listed = z.array(z.object({ Id: z.string() }));

export class OwnContainers {
  readonly #known = new Set<string>();
  /** Never less than there are, with those that are being made; counted anew when it reaches the bound. */
  #count = Number.POSITIVE_INFINITY;
  #making = 0;
  #counting: Promise<void> | null = null;

  /** @param ask makes a GET of the daemon and answers with its status and its whole body */
  constructor(
    private readonly ask: (target: string) => Promise<DaemonAnswer>,
    private readonly rules: { readonly deployment: string; readonly max: number },
  ) {}

  /** Throws Refusal: 403 where the container is not ours, 404 where there is none. @param id a whole id */
  async check(id: string): Promise<void> {
    if (this.#known.has(id)) return;
    const { status, body } = await this.ask(`/containers/${id}/json`);
    if (status === 404) throw new Refusal(404, `No such container: ${id}`);
    const read = status === 200 ? inspected.safeParse(JSON.parse(body)) : null;
    if (read === null) throw new Refusal(503, `The Docker daemon could not inspect the container (${status}).`);
    const labels = read.data?.Config.Labels ?? {};
    const own = Object.entries(deploymentLabels(this.rules.deployment));
    if (own.some(([name, value]) => labels[name] !== value)) throw new Refusal(403, 'The container is not a sandbox.');
    this.#remember(id);
  }

  /** Has another one made; resolves as `make` does. Throws Refusal where there are too many. */
  async making<T>(make: () => Promise<T>): Promise<T> {
    if (this.#count >= this.rules.max) await (this.#counting ??= this.#countAnew());
    if (this.#count >= this.rules.max)
      throw new Refusal(429, `There are ${this.rules.max} sandboxes, which is the bound.`);
    this.#count += 1;
    this.#making += 1;
    try {
      return await make();
    } finally {
      this.#making -= 1;
    }
  }

  created(id: string): void {
    this.#remember(id);
  }

  /** Until it has counted nobody gets room, so that none is missed: those under way may be listed already, or not. */
  async #countAnew(): Promise<void> {
    const making = this.#making;
    try {
      this.#count = making + (await this.#listed());
    } finally {
      this.#counting = null;
    }
  }

  async #listed(): Promise<number> {
    const filters = encodeURIComponent(forcedFilters(this.rules.deployment, undefined));
    const { status, body } = await this.ask(`/containers/json?all=true&filters=${filters}`);
    if (status !== 200) throw new Refusal(503, `The Docker daemon could not list containers (${status}).`);
    return listed.parse(JSON.parse(body)).length;
  }

  #remember(id: string): void {
    this.#known.add(id);
    if (this.#known.size <= rememberedIds) return;
    const [oldest = ''] = this.#known;
    this.#known.delete(oldest);
  }
}
