/**
 * What is typed before old output was taken, kept for the moment when typing counts. What a terminal says by itself, in
 * answer to a program that asked long ago, is nothing typed and is dropped. Pure.
 */

/** A person types no more than that ahead; a paste that is larger comes once the prompt is seen. */
const mostBytes = 64 * 1024;

/** Attributes, positions, modes, window reports, focus; colours and settings as strings. */
const answers = new RegExp(
  `^(?:${[
    '\\x1b\\[[?>=]?[\\d;]*c',
    '\\x1b\\[\\??[\\d;]*[nRt]',
    '\\x1b\\[\\??[\\d;]*\\$y',
    '\\x1b\\[[IO]',
    '\\x1b\\][\\d;][^\\x07\\x1b]*(?:\\x07|\\x1b\\\\)',
    '\\x1bP[^\\x1b]*\\x1b\\\\',
  ].join('|')})+$`,
);

export class EarlyInput {
  #kept: Uint8Array[] = [];
  #bytes = 0;

  /** False where it is dropped. */
  keep(data: Uint8Array): boolean {
    if (this.#bytes + data.length > mostBytes || answers.test(new TextDecoder('latin1').decode(data))) return false;
    this.#kept.push(new Uint8Array(data));
    this.#bytes += data.length;
    return true;
  }

  /** What was kept, which is forgotten here. */
  take(): Uint8Array[] {
    const kept = this.#kept;
    this.#kept = [];
    this.#bytes = 0;
    return kept;
  }
}
