/** How long a test waits for anything: so much that only what never comes fails it, however busy the machine is. */
export const patienceMs = 60_000;
