// The words behind a command that takes few of them. `--help` shows how it is used, and what it does not know ends it with 2,
// before anything is installed, built or begun.

/** The words; `usage` begins with the command, `options` are the flags that it knows, `most` is how many other words it takes. */
export function askedWords(usage, { options = [], most = 0 } = {}) {
  const words = process.argv.slice(2);
  if (words.includes('--help') || words.includes('-h')) {
    console.log(usage);
    process.exit(0);
  }
  const flags = words.filter((word) => word.startsWith('-'));
  const unknown = [
    ...flags.filter((flag) => !options.includes(flag)),
    ...words.filter((word) => !flags.includes(word)).slice(most),
  ];
  if (unknown.length === 0) return words;
  const command = /^\S+ (run )?\S+/.exec(usage)[0];
  const dashes = command.startsWith('npm') ? ' --' : '';
  console.error(`${command}: it does not know ${unknown.join(' ')}; see ${command}${dashes} --help.`);
  process.exit(2);
}
