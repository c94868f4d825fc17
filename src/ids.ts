/**
 * Ids of sessions and of their views: `<replica>.<uuid v4>`. They are unguessable and say where they live; whoever knows
 * one holds its power, so logs get `maskId` only.
 */
import { v4 as uuidV4, validate, version } from 'uuid';

export interface SessionIdParts {
  readonly replica: string;
  readonly uuid: string;
}

const replicaPattern = /^[a-z0-9-]{1,40}$/;

/** A new id; session ids and view ids have the same form. */
export function newSessionId(replica: string): string {
  return `${replica}.${uuidV4()}`;
}

/** The parts of a well-formed id, or null. */
export function parseSessionId(id: string): SessionIdParts | null {
  const [replica, uuid, ...more] = id.split('.');
  if (replica === undefined || uuid === undefined || more.length > 0) return null;
  // One id has one spelling, so that it is also one key.
  if (uuid !== uuid.toLowerCase()) return null;
  return replicaPattern.test(replica) && validate(uuid) && version(uuid) === 4 ? { replica, uuid } : null;
}

/** What a log or a list may show of an id: its replica and four characters. */
export function maskId(id: string): string {
  const parts = parseSessionId(id);
  return parts === null ? '?' : `${parts.replica}.${parts.uuid.slice(0, 4)}…`;
}
