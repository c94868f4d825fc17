/** Lets streams, promises and immediates run dry; timers stay where they are, fake or not. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}
