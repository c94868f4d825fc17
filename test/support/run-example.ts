/** Runs a program as a language's manifest says, in a sandbox of its own and through the agent alone. */
import { createWarmSandbox } from '../../src/pool/warm-sandbox.js';
import type { Language } from '../../src/language/language.js';
import type { SandboxDriver } from '../../src/sandbox/sandbox.js';
import { writeArchive } from '../../src/workspace/archive.js';
import { entriesFromJson } from '../../src/workspace/files-from-json.js';
import { Workspace } from '../../src/workspace/workspace.js';
import type { Dialogue } from './dialogue.js';
import { specFor } from './make-driver.js';

const bounds = { unpackedBytes: 1024 * 1024, entries: 100, depth: 8 };

type Example = NonNullable<Dialogue['run']>;

/** What it prints; rejects, with what it complained of, when the build or the program fails. */
export async function runExample(driver: SandboxDriver, language: Language, example: Example): Promise<string> {
  const { run } = language;
  if (run === null) throw new Error(`${language.name} runs no files`);
  const signal = AbortSignal.timeout(60_000);
  const { sandbox, connection } = await createWarmSandbox(
    driver,
    specFor(language),
    { resumeGraceSeconds: 60 },
    signal,
  );
  const spawn = async (argv: readonly string[], stdin: string): Promise<string> => {
    let [stdout, stderr] = ['', ''];
    const { exit_code } = await connection.spawn(
      {
        argv: argv.map((word) => word.replaceAll('{file}', run.file)),
        ...{ env: {}, stdin: Buffer.from(stdin) },
        onStdout: (data) => (stdout += data.toString()),
        onStderr: (data) => (stderr += data.toString()),
      },
      signal,
    );
    if (exit_code !== 0) throw new Error(`${argv.join(' ')} ended with ${String(exit_code)}: ${stdout}${stderr}`);
    return stdout;
  };
  try {
    const files = await writeArchive(entriesFromJson(example.files, bounds));
    await new Workspace(connection, () => undefined).unpack(files, { replace: true });
    if (run.build !== null) await spawn(run.build, '');
    return await spawn([...run.argv, ...example.args], example.stdin);
  } finally {
    connection.close('the example is over');
    await sandbox.destroy();
  }
}
