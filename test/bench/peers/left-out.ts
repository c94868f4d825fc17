/** A peer that is not installed is passed over in plain sight: with its name, and the command that brings it. */
export function leftOut(name: string, remedy: string): null {
  process.stderr.write(`» ${name} is left out: ${remedy}\n`);
  return null;
}
