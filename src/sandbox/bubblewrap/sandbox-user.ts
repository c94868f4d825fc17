/** The user that sandboxed code runs as, on every driver: cyber-dojo's sandbox user, which owns nothing on any host. */
export const sandboxUser = Object.freeze({ name: 'sandbox', uid: 41966, gid: 51966 });
