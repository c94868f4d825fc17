/**
 * Runs: in a session, or once in a sandbox of their own. Each is answered when it has ended, or told as it goes on where
 * the client accepts events. A client that hangs up ends its run.
 */
import { mib } from '../../config/settings.js';
import type { ProgramRequest } from '../../execution/run-program.js';
import { abortOnClose } from '../abort-on-close.js';
import type { AppParts } from '../app-parts.js';
import { callerOf } from '../caller.js';
import { answerWithJsonOrEvents, eventType } from '../json-or-events.js';
import { assertKnownLanguage } from '../known-language.js';
import { idOf, ownedSession } from '../owned-session.js';
import { requestedEgress } from '../requested-egress.js';
import { requestedLimits } from '../requested-limits.js';
import { requestedRun } from '../requested-run.js';
import type { Route } from '../route.js';
import { runAnswer, type RunAnswer } from '../run-answer.js';
import {
  onceAnswerSchema,
  onceQuerySchema,
  runAnswerSchema,
  runSchemas,
  type OnceOptions,
  type RunSchemas,
} from '../run-schemas.js';
import { RunStream } from '../run-stream.js';
import { readJson, readUpload, type UploadShape } from '../upload.js';
import { validate } from '../validate.js';

const streamed = `With \`Accept: text/event-stream\` it is told as it goes on, by server-sent events whose data is JSON: \`start\`;
then \`stdout\` and \`stderr\`, each with the next piece as \`content\`, or as \`base64\` where it is not UTF-8; likewise
\`build_stdout\`, \`build_stderr\` and \`build\` where the language builds first; at last \`result\`, which is the JSON answer
without what was said. An error after \`start\` is the event \`error\`. A slow reader holds the program back; one that hangs up
ends it.`;

const onceExample = {
  language: 'python',
  files: { 'main.py': 'print(input()[::-1])' },
  stdin: 'olleh',
  limits: { wall_seconds: 5 },
};

export function runRoutes(parts: AppParts): Route[] {
  const schemas = runSchemas(parts.config.maxLimits, parts.config.runs);
  return [sessionRunRoute(parts, schemas), onceRoute(parts, schemas)];
}

function sessionRunRoute(parts: AppParts, schemas: RunSchemas): Route {
  const { sessions, config } = parts;
  return {
    method: 'post',
    path: '/repl/:id/run',
    operationId: 'run',
    tag: 'Execution',
    summary: 'Runs a program in the session, beside its REPL.',
    description: streamed,
    body: { json: schemas.inSession, example: { command: 'wc -l *', stdin: '' } },
    answer: { status: 200, schema: runAnswerSchema, contentType: eventType },
    errors: ['session_unknown', 'session_ended', 'session_state', 'capacity_exhausted'],
    handle: async (request, response) => {
      const signal = abortOnClose(response);
      ownedSession(sessions, idOf(request));
      const options = validate(schemas.inSession, await readJson(request, config.maxBodyBytes));
      const { memory_mib: memoryMib } = options.limits ?? {};
      const asked = requestedRun(options, config.runs, memoryMib === undefined ? null : memoryMib * mib);
      const open = (): RunStream => new RunStream(response);
      await answerWithJsonOrEvents(request, response, open, async (stream) => {
        const session = ownedSession(sessions, idOf(request));
        const result = await session.run({ ...asked, ...hooks(stream) }, () => stream?.start({}), signal);
        return counted(parts, 'session', runAnswer(result));
      });
    },
  };
}

function onceRoute(parts: AppParts, schemas: RunSchemas): Route {
  const { config, metrics, runOnce } = parts;
  const shape = onceShape(parts, schemas);
  return {
    method: 'post',
    path: '/run',
    operationId: 'run_once',
    tag: 'Execution',
    summary: 'Runs a program once, in a fresh sandbox of its own.',
    description: streamed,
    query: onceQuerySchema,
    body: { json: schemas.once, formOptions: schemas.onceOptions, example: onceExample },
    answer: { status: 200, schema: onceAnswerSchema, contentType: eventType },
    errors: [
      ...(['language_unknown', 'egress_refused', 'sandbox_failed', 'too_many_starts', 'too_many_sessions'] as const),
      ...(['capacity_exhausted', 'draining', 'driver_unavailable'] as const),
    ],
    handle: async (request, response) => {
      const signal = abortOnClose(response);
      const { options, entries } = await readUpload(request, shape, config, signal);
      const { wall_seconds: _wall, cpu_seconds: _cpu, output_bytes: _output, ...sandboxLimits } = options.limits ?? {};
      const asked = {
        ...requestedRun(options, config.runs, null),
        key: callerOf(response),
        language: options.language,
        entries: entries ?? [],
        egress: requestedEgress(options.egress, config.egress.entries, request.headers) ?? [],
        sandboxLimits: requestedLimits(sandboxLimits),
      };
      const open = (): RunStream => new RunStream(response);
      await answerWithJsonOrEvents(request, response, open, async (stream) => {
        const onStart = ({ waitedMs, cold }: { waitedMs: number; cold: boolean }) => {
          metrics.observeRunWait(waitedMs);
          return stream?.start({ queue: { waited_ms: waitedMs }, cold });
        };
        const result = await runOnce({ ...asked, ...hooks(stream), onStart }, signal);
        const answer = counted(parts, 'once', runAnswer(result));
        return { ...answer, queue: { waited_ms: result.waitedMs }, cold: result.cold };
      });
    },
  };
}

function hooks(stream: RunStream | undefined): Pick<ProgramRequest, 'onOutput' | 'onBuilt'> {
  if (stream === undefined) return {};
  return {
    onOutput: (step, name, data) => stream.output(step, name, data),
    onBuilt: (build) => stream.built(build),
  };
}

function counted({ metrics }: AppParts, kind: 'session' | 'once', answer: RunAnswer): RunAnswer {
  metrics.countRun(kind, answer.outcome);
  return answer;
}

function onceShape({ languages, config }: AppParts, schemas: RunSchemas): UploadShape<OnceOptions> {
  return {
    options: schemas.onceOptions,
    json: schemas.once,
    fromQuery: (query) => validate(onceQuerySchema, query),
    check: ({ language, egress }, headers) => {
      requestedEgress(egress, config.egress.entries, headers);
      assertKnownLanguage(language, languages);
    },
  };
}
