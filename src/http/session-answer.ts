/** How a session is shown over HTTP. A viewer never learns the owner's id, a list shows no whole id at all. */
import type { z } from 'zod';
import { mib } from '../config/settings.js';
import { maskId } from '../ids.js';
import type { Limits } from '../sandbox/limits.js';
import type { limitsAnswerSchema, sessionListSchema, sessionSchema } from './schemas.js';
import type { SessionHandle } from './session-set.js';

export function sessionAnswer(session: SessionHandle, role: 'owner' | 'viewer'): z.infer<typeof sessionSchema> {
  const address = role === 'owner' ? session.id : session.viewId;
  return {
    ...(role === 'owner' ? { id: session.id } : {}),
    view_id: session.viewId,
    websocket: `/repl/${address}`,
    ...common(session),
  };
}

export function maskedSession(session: SessionHandle): z.infer<typeof sessionListSchema>['sessions'][number] {
  return { id: maskId(session.id), ...common(session) };
}

function common(session: SessionHandle) {
  const { exit } = session;
  return {
    language: session.language,
    state: session.state,
    created_at: session.createdAt.toISOString(),
    expires_at: session.expiresAt.toISOString(),
    limits: limitsAnswer(session.limits),
    egress: [...session.egress],
    started: { cold: session.cold, wait_ms: session.waitMs },
    exit: exit === null ? null : { outcome: exit.outcome, exit_code: exit.exitCode, signal: exit.signal },
    attachments: session.attachments,
  };
}

function limitsAnswer(limits: Limits): z.infer<typeof limitsAnswerSchema> {
  return {
    cpus: limits.cpus,
    memory_mib: limits.memoryBytes / mib,
    processes: limits.processes,
    disk_mib: limits.diskBytes / mib,
    inodes: limits.inodes,
    open_files: limits.openFiles,
    file_mib: limits.fileBytes / mib,
  };
}
