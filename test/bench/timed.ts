/** Milliseconds of each round of something, one after the other. */

/** @param warmUpRounds come before, are left out, and see code compiled and connections made */
export async function timed(rounds: number, act: () => unknown, warmUpRounds = 50): Promise<number[]> {
  const times: number[] = [];
  for (let round = -warmUpRounds; round < rounds; round += 1) {
    const since = performance.now();
    await act();
    if (round >= 0) times.push(performance.now() - since);
  }
  return times;
}
