/**
 * Evaluations: in a session, for its learner, or in a sandbox of their own, for grading that counts. Each is answered when
 * it is over, or told case by case where the client accepts events. A client that hangs up ends its evaluation.
 */
import type { Request, Response } from 'express';
import type { EvaluationResult, Subject } from '../../execution/evaluate/evaluation.js';
import type { EvaluationListener } from '../../execution/evaluate/judged.js';
import { entriesFromJson } from '../../workspace/files-from-json.js';
import { abortOnClose } from '../abort-on-close.js';
import type { AppParts } from '../app-parts.js';
import { callerOf } from '../caller.js';
import { evaluateSchemas, evaluationSchema } from '../evaluate-schemas.js';
import { evaluationAnswer } from '../evaluation-answer.js';
import { EvaluationStream } from '../evaluation-stream.js';
import { answerWithJsonOrEvents, eventType } from '../json-or-events.js';
import { idOf, ownedSession } from '../owned-session.js';
import { requestedEvaluation } from '../requested-evaluation.js';
import { requestedLimits } from '../requested-limits.js';
import type { Route } from '../route.js';
import { readJson } from '../upload.js';
import { validate } from '../validate.js';

const description = `With an \`entry_point\`, the code is loaded once and the function is called for each case in a fork of that
state; without one, the code is a program that is run for each case with \`input\` as its stdin. Values are tagged JSON. With
\`Accept: text/event-stream\` it is told as it goes on: \`start\` once the sandbox is there, \`case\` with its \`index\` for each one
that is judged, at last \`result\`, which is the JSON answer without \`case_results\`. An error after \`start\` is the event
\`error\`.`;

const inSessionExample = {
  code: 'def add(a, b):\n    return a + b\n',
  entry_point: 'add',
  io_cases: [
    { input: 'a=1, b=2', output: 3 },
    { name: 'texts', input: { args: ['x', 'y'] }, output: 'xy' },
  ],
};

export function evaluateRoutes(parts: AppParts): Route[] {
  const schemas = evaluateSchemas(parts.config.maxLimits);
  return [sessionRoute(parts, schemas), onceRoute(parts, schemas)];
}

type Schemas = ReturnType<typeof evaluateSchemas>;

function sessionRoute({ sessions, evaluator, config }: AppParts, { inSession }: Schemas): Route {
  return {
    method: 'post',
    path: '/repl/:id/evaluate',
    operationId: 'evaluate_code',
    tag: 'Execution',
    summary: "Evaluates code over many inputs in the session, beside its REPL: for the session's learner.",
    description,
    body: { json: inSession, example: inSessionExample },
    answer: { status: 200, schema: evaluationSchema, contentType: eventType },
    errors: ['session_unknown', 'session_ended', 'session_state', 'sandbox_failed', 'capacity_exhausted', 'draining'],
    handle: async (request, response) => {
      const signal = abortOnClose(response);
      ownedSession(sessions, idOf(request));
      const evaluation = requestedEvaluation(validate(inSession, await readJson(request, config.maxBodyBytes)));
      const session = ownedSession(sessions, idOf(request));
      await told(request, response, evaluation.subject.kind, (listener) =>
        evaluator.within(session, evaluation, signal, listener),
      );
    },
  };
}

function onceRoute({ evaluator, config }: AppParts, { once }: Schemas): Route {
  return {
    method: 'post',
    path: '/evaluate',
    operationId: 'evaluate_once',
    tag: 'Execution',
    summary: 'Evaluates code in a sandbox of its own that nothing has touched before: for grading that counts.',
    description,
    body: { json: once, example: { language: 'python', ...inSessionExample } },
    answer: { status: 200, schema: evaluationSchema, contentType: eventType },
    errors: [
      'language_unknown',
      'archive_too_large',
      'archive_unsafe',
      'archive_invalid',
      'disk_full',
      'too_many_starts',
      'too_many_sessions',
      'sandbox_failed',
      'capacity_exhausted',
      'draining',
      'driver_unavailable',
    ],
    handle: async (request, response) => {
      const signal = abortOnClose(response);
      const body = validate(once, await readJson(request, config.maxBodyBytes));
      const { language, files = {}, sandbox_limits: limits = {} } = body;
      const evaluation = requestedEvaluation(body);
      const entries = entriesFromJson(files, config.workspaceBounds);
      const asked = { key: callerOf(response), language, entries, limits: requestedLimits(limits), evaluation };
      await told(request, response, evaluation.subject.kind, (listener) => evaluator.once(asked, signal, listener));
    },
  };
}

async function told(
  request: Request,
  response: Response,
  kind: Subject['kind'],
  work: (listener?: EvaluationListener) => Promise<EvaluationResult>,
): Promise<void> {
  const open = (): EvaluationStream => new EvaluationStream(response, kind);
  await answerWithJsonOrEvents(request, response, open, async (stream) => evaluationAnswer(kind, await work(stream)));
}
