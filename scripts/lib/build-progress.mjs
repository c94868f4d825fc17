// Shows the build of an image as one line a step, with the time that it took; on a terminal the line of the step under
// way shows how long it has been and what it says last. What a failed step has said is printed by `fail`.
const refreshMs = 200;
const keptLines = 30;
const lastWidth = 60;

/** Tokens of the classic builder that tell nothing: ids of layers and of containers that come and go. */
const noise = /^(--->|Removing intermediate container|Successfully)/;
/** The others only note something down. */
const worksOn = /^(FROM|COPY|RUN) /;
const stepLine = /^Step (\d+)\/(\d+) : (.*)$/s;

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
const short = (text, width) => {
  const [line] = text.split('\n');
  return line.length > width ? `${line.slice(0, width - 1)}…` : line;
};

export class BuildProgress {
  #step = null;
  #kept = [];
  #out;

  constructor(out = process.stdout) {
    this.#out = out;
  }

  /** One line that the builder said. */
  take(line) {
    const [, number, count, what] = stepLine.exec(line) ?? [];
    if (number !== undefined) return this.#begin(`  ${`${number}/${count}`.padStart(5)}  ${short(what, 70)}`, what);
    if (/^---> Using cache/.test(line) && this.#step) this.#step.cached = true;
    if (noise.test(line)) return;
    this.#kept = [...this.#kept, line].slice(-keptLines);
    if (this.#step) this.#show(line);
  }

  /** The build has ended well. */
  end() {
    this.#finish('');
  }

  /** It has failed: what was said last is what a person needs. */
  fail() {
    this.#finish('failed, ');
    for (const line of this.#kept) this.#out.write(`      ${line}\n`);
  }

  #begin(text, what) {
    this.#finish('');
    this.#kept = [];
    this.#step = worksOn.test(what) ? { text, since: Date.now(), shownAt: 0, cached: false } : null;
    if (!this.#step) return;
    this.#show('');
  }

  #show(last) {
    const now = Date.now();
    if (!this.#out.isTTY || now - this.#step.shownAt < refreshMs) return;
    this.#step.shownAt = now;
    const passed = now - this.#step.since;
    this.#out.write(`\r\x1b[K${this.#step.text}  ${passed < 1000 ? '' : seconds(passed)}  ${short(last, lastWidth)}`);
  }

  #finish(verdict) {
    if (!this.#step) return;
    const { text, since, cached } = this.#step;
    const took = cached ? 'as before' : seconds(Date.now() - since);
    this.#out.write(`${this.#out.isTTY ? '\r\x1b[K' : ''}${text}  (${verdict}${took})\n`);
    this.#step = null;
  }
}
