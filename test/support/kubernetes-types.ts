/**
 * Holds Kubernetes objects against the types that kubernetes-models makes of Kubernetes' own OpenAPI document: unknown fields,
 * missing ones and wrong values, as `kubectl --validate=strict` would find them at a server.
 */
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** What is wrong with them, one line each. */
export function typeProblems(objects: readonly KubernetesObject[]): string[] {
  const path = fileURLToPath(new URL('../objects-of-kubernetes.ts', import.meta.url));
  const text = objects
    .map(
      ({ apiVersion, kind }, index) =>
        `import type { I${kind} as Kind${index} } from 'kubernetes-models/${apiVersion}';\n`,
    )
    .concat(objects.map((object, index) => `export const object${index}: Kind${index} = ${JSON.stringify(object)};\n`))
    .join('');
  const options: ts.CompilerOptions = {
    ...{ strict: true, noEmit: true, skipLibCheck: true, types: [], target: ts.ScriptTarget.ES2022 },
    ...{ module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
  };
  const host = ts.createCompilerHost(options);
  const disk = ts.createCompilerHost(options);
  host.fileExists = (name) => name === path || disk.fileExists(name);
  host.getSourceFile = (name, version) =>
    name === path ? ts.createSourceFile(name, text, version) : disk.getSourceFile(name, version);
  const program = ts.createProgram([path], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, start = 0, messageText }) => {
    const message = ts.flattenDiagnosticMessageText(messageText, ' ');
    if (file === undefined) return message;
    const line = file.getLineAndCharacterOfPosition(start).line - objects.length;
    const { kind = '', metadata } = objects[line] ?? {};
    return `${kind} ${metadata?.name ?? ''}: ${message}`;
  });
}
