/** Waits for work no longer than a bound, and leaves no timer behind; the work itself goes on. */

export const late = Symbol('late');

/** Resolves or rejects as the work does, or resolves with `late`. */
export async function within<T>(boundMs: number, work: Promise<T>): Promise<T | typeof late> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<typeof late>((resolve) => {
    timer = setTimeout(resolve, boundMs, late);
  });
  try {
    return await Promise.race([work, tooLong]);
  } finally {
    clearTimeout(timer);
  }
}
