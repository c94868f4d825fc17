/** Waits for a condition that nothing tells of, by looking again and again; rejects when it does not come about. */
const lookAgainMs = 10;

export async function eventually(
  what: string,
  condition: () => boolean | Promise<boolean>,
  patienceMs = 10_000,
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`no ${what} within ${patienceMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
  }
}
