/**
 * Good input for every operation of the OpenAPI document, by its operationId: what the contract suite sends. An operation
 * without an entry here fails that suite.
 */
import { RawTar } from './raw-tar.js';

export interface ApiExample {
  /** Of the answer. */
  readonly status: number;
  /** Values of the path's other parameters than `id`. */
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** What is sent as JSON, unless it is octets or a form. */
  readonly body?: object;
  /** Of octets. */
  readonly type?: string;
  /** It gets a session of its own, which does not come out of it as it was. */
  readonly ends?: boolean;
  /** The answer is a session that is to be ended as well. */
  readonly starts?: boolean;
}

/** Files of the sessions that the examples are sent to. */
export const exampleFiles = { 'hiker.py': 'answer = 42\n', 'package/octets': { base64: '/w==' } };

const tar = new RawTar().file('hiker.py', 'answer = 42\n').end();

function form(): FormData {
  const parts = new FormData();
  parts.set('archive', new Blob([new Uint8Array(tar)]));
  parts.set('options', JSON.stringify({ language: 'python', env: { NAME: 'Arthur' } }));
  return parts;
}

/** Good input for both kinds of runs, and for both kinds of evaluations. */
const program = { command: 'cat; exit 3', stdin: { base64: '/w==' }, env: { A: 'b' } };
const events = { Accept: 'text/event-stream' };
const evaluation = {
  code: 'def double(n):\n    return 2 * n\n',
  entry_point: 'double',
  io_cases: [
    { name: 'one', input: 'n=1', output: 2, limits: { wall_seconds: 5 } },
    { input: { args: [{ $tuple: [1] }], kwargs: {} }, output: null },
  ],
  compare: { mode: 'numeric', relative_tolerance: 0.1 },
};

export const apiExamples: Readonly<Record<string, readonly ApiExample[]>> = {
  alive: [{ status: 200 }],
  ready: [{ status: 200 }],
  sha: [{ status: 200 }],
  languages: [{ status: 200 }],
  metrics: [{ status: 200 }],
  openapi: [{ status: 200 }],
  create_session: [
    {
      status: 201,
      starts: true,
      body: { language: 'python', files: { 'a.py': '', b: { base64: '/w==' } }, env: { A: 'b' }, startup: null },
    },
    { status: 201, starts: true, body: { language: 'python', limits: { processes: 64 } } },
    { status: 201, starts: true, body: tar, type: 'application/x-tar', query: { language: 'python', cols: '90' } },
    { status: 201, starts: true, body: form() },
  ],
  list_sessions: [{ status: 200 }],
  get_session: [{ status: 200 }],
  restart_session: [
    { status: 200, body: { startup: 'x = 1', terminal: { cols: 90, rows: 30 } } },
    { status: 200 },
    { status: 200, body: tar, type: 'application/x-tar', query: { rows: '30' }, ends: true },
  ],
  resize: [{ status: 204, body: { cols: 90, rows: 30 } }],
  signal: [{ status: 204, body: { signal: 'SIGCONT' } }],
  delete_session: [{ status: 204, ends: true }],
  list_files: [{ status: 200 }, { status: 200, query: { path: 'package', recursive: '1' } }],
  read_file: [
    { status: 200, path: { path: 'hiker.py' }, headers: { Accept: 'application/json' } },
    { status: 200, path: { path: 'package/octets' }, headers: { Accept: 'application/json' } },
    { status: 200, path: { path: 'package/octets' } },
  ],
  write_file: [
    { status: 201, path: { path: 'new/file.py' }, body: { content: 'x = 1\n', executable: true } },
    { status: 204, path: { path: 'hiker.py' }, body: { base64: '/w==' } },
    {
      status: 204,
      path: { path: 'hiker.py' },
      query: { executable: '1' },
      body: Buffer.from([255]),
      type: 'application/octet-stream',
    },
  ],
  rename_file: [{ status: 204, path: { path: 'hiker.py' }, body: { path: 'a/b.py', overwrite: true }, ends: true }],
  delete_file: [{ status: 204, path: { path: 'package' }, ends: true }],
  download_archive: [{ status: 200 }, { status: 200, query: { gzip: '1' } }],
  upload_archive: [
    { status: 200, body: { files: { 'new.py': '' } }, ends: true },
    { status: 200, body: tar, type: 'application/x-tar', query: { merge: '1' } },
  ],
  fork_session: [
    { status: 201, starts: true },
    { status: 201, starts: true, body: { startup: 'import hiker', env: { A: 'b' } } },
  ],
  run: [
    { status: 200, body: { ...program, limits: { wall_seconds: 5, memory_mib: 64 } } },
    { status: 200, body: { argv: ['python3', '-c', 'print(1)'] } },
    { status: 200, body: { file: 'hiker.py', args: ['x'] }, headers: events },
  ],
  run_once: [
    { status: 200, body: { ...program, language: 'python', files: { 'a.py': '' }, limits: { output_bytes: 100 } } },
    { status: 200, body: tar, type: 'application/x-tar', query: { language: 'python', file: 'hiker.py' } },
    { status: 200, body: { ...program, language: 'python' }, headers: events },
  ],
  evaluate_code: [
    { status: 200, body: evaluation },
    { status: 200, body: { file: 'hiker.py', entry_point: 'answer', io_cases: [{ input: '', output: 42 }] } },
    { status: 200, body: evaluation, headers: events },
  ],
  evaluate_once: [
    { status: 200, body: { ...evaluation, language: 'python', files: {}, sandbox_limits: { processes: 64 } } },
    {
      status: 200,
      body: { language: 'python', kind: 'stdio', code: 'print(input())', io_cases: [{ input: '1\n', output: '1\n' }] },
    },
    { status: 200, body: { ...evaluation, language: 'python' }, headers: events },
  ],
  // The last one, since no session starts after it.
  drain: [{ status: 202 }],
};
