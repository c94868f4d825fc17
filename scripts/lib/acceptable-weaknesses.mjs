// What bubblewrap cannot give everywhere and `npm start` accepts, aloud, unless REPL_RUNNER_ACCEPT is set.
export const acceptableWeaknesses = ['inodes', 'total-memory', 'cpu'];
