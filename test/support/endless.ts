/** Computes until it is interrupted, and says that it runs: CPython tells an interrupt of what it reads only when it reads on. */
export const endless = 'print("com" + "puting") or any(i for i in iter(int, 1))';
