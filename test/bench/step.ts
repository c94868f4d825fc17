/** Says on stderr what a bench is about, and afterwards how long that took: no wait of a bench is silent. */

/** @param act may block; where it does not, a person at a terminal sees the seconds pass */
export async function step<T>(what: string, act: () => Promise<T> | T): Promise<T> {
  const since = performance.now();
  const seconds = (): string => ((performance.now() - since) / 1000).toFixed(1);
  const { isTTY } = process.stderr;
  const show = (text: string): boolean => process.stderr.write(isTTY ? `\r\x1b[K  · ${what} … ${text}` : text);
  if (isTTY) show('');
  else process.stderr.write(`  · ${what} … `);
  const ticking = isTTY ? setInterval(() => show(`${seconds()} s`), 1_000) : null;
  try {
    return await act();
  } finally {
    if (ticking !== null) clearInterval(ticking);
    show(`${seconds()} s\n`);
  }
}
