/**
 * The command `npm run repl -- evaluate`: a solution and a file of cases in, verdicts out. The sandbox is one of its own,
 * gone with the answer.
 */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import type { Evaluation, EvaluationResult, OnceEvaluation } from '../evaluation.js';
import { asRecord } from '../record.js';
import { ClientError, misused } from './client-error.js';
import { clientFailure } from './client-failure.js';
import type { CommandPlace } from './command-place.js';
import { evaluationTable } from './evaluation-table.js';
import { misuse } from './misuse.js';
import { reachRunner } from './reach-runner.js';

const evaluateHelp = `Usage: npm run repl -- evaluate [options] <solution file> <cases.json>

Calls a function of the solution, or runs it as a program, once for each case, in a fresh sandbox, and prints who passes.
The cases are the JSON of POST /evaluate (docs/api.md) without language and code, or its list of io_cases alone:

  {"entry_point": "add", "io_cases": [{"input": "a=1, b=2", "output": 3}]}

Without an entry_point the solution is a program: input is its stdin, output what it is to print.

Options:
  --entry-point NAME  the function, where the cases do not say
  --language NAME     the language of the solution (default: python)
  --json              print the answer of the runner instead of a table
  --url URL, --token-file FILE, --help  as without evaluate

Exit codes: 0 all cases pass, 1 not all do or the runner failed, 2 wrong use.
`;

const help = 'evaluate --help';

interface EvaluateOptions {
  readonly solution: string;
  readonly cases: string;
  readonly entryPoint: string | null;
  readonly language: string;
  readonly json: boolean;
  readonly url: string | null;
  readonly tokenFile: string | null;
}

/** Resolves with the exit code. Throws ClientError. */
export async function evaluateCommand(args: readonly string[], place: CommandPlace): Promise<number> {
  const options = evaluateOptions(args);
  if (options === null) {
    place.print(evaluateHelp);
    return 0;
  }
  const evaluation = await evaluationOf(options);
  const runner = await reachRunner({ ...options, env: place.env, signal: place.signal, say: place.say });
  try {
    const result = await runner.client.evaluateOnce(evaluation, { signal: place.signal });
    place.print(options.json ? `${JSON.stringify(result, null, 2)}\n` : evaluationTable(result));
    return exitCodeOf(result);
  } catch (error) {
    throw clientFailure(error);
  } finally {
    await runner.stop();
  }
}

function exitCodeOf({ passed }: EvaluationResult): number {
  return passed ? 0 : 1;
}

/** Null where help is asked for. */
function evaluateOptions(args: readonly string[]): EvaluateOptions | null {
  const { values, positionals } = parsed(args);
  if (values.help === true) return null;
  const [solution, cases, ...more] = positionals;
  if (solution === undefined || cases === undefined || more.length > 0) {
    throw misuse('Give a solution file and a file of cases', help);
  }
  return {
    solution,
    cases,
    entryPoint: values['entry-point'] ?? null,
    language: values.language ?? 'python',
    json: values.json ?? false,
    url: values.url ?? null,
    tokenFile: values['token-file'] ?? null,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        'entry-point': { type: 'string' },
        language: { type: 'string', short: 'l' },
        json: { type: 'boolean' },
        url: { type: 'string' },
        'token-file': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw misuse(error, help);
  }
}

async function evaluationOf({ solution, cases, entryPoint, language }: EvaluateOptions): Promise<OnceEvaluation> {
  const code = await textOf(solution);
  const given = asEvaluation(await textOf(cases), basename(cases));
  return { ...given, ...(entryPoint === null ? {} : { entry_point: entryPoint }), language, code };
}

function asEvaluation(text: string, name: string): Evaluation {
  const json = parsedJson(text, name);
  const fields = Array.isArray(json) ? { io_cases: json as unknown } : asRecord(json);
  if (fields === null || !Array.isArray(fields.io_cases)) throw misuse(`${name} has no list of io_cases`, help);
  // Its fields are the runner's to check.
  return fields as unknown as Evaluation;
}

function parsedJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new ClientError(`${name} is not JSON.`, { exitCode: misused, cause: error });
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new ClientError(`${path} cannot be read.`, { exitCode: misused, cause: error });
  }
}
