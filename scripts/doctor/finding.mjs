// One line of a diagnosis. Pure.

/** @typedef {{what: string, state: 'ok' | 'note' | 'missing', says: string, fix: string | null}} Finding */

/**
 * @param {string} what
 * @param {Finding['state']} state
 * @param {string} says
 * @param {string | null} fix what to type or to read; null where nothing has to be done, or can be
 * @returns {Finding}
 */
export const finding = (what, state, says, fix = null) => ({ what, state, says, fix });
