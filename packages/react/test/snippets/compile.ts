// Type checks modules that exist only in memory, in the settings of one tsconfig. Knows no document.
import { dirname, join } from 'node:path';
import ts from 'typescript';

export interface VirtualModule {
  /** A path under the folder of the tsconfig; imports are resolved from there. */
  readonly name: string;
  readonly text: string;
}

export interface Finding {
  readonly name: string;
  /** From 1, in the module's text. */
  readonly line: number;
  readonly message: string;
}

export function findingsIn(tsconfig: string, modules: readonly VirtualModule[]): Finding[] {
  const folder = dirname(tsconfig);
  const { config } = ts.readConfigFile(tsconfig, ts.sys.readFile) as { config: Record<string, unknown> };
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: ['none.ts'] }, ts.sys, folder, undefined, tsconfig);
  const texts = new Map(modules.map(({ name, text }) => [join(folder, name), text]));
  const host = ts.createCompilerHost(options, true);
  const { getSourceFile, fileExists, readFile } = host;
  host.getSourceFile = (name, version, onError, fresh) => {
    const text = texts.get(name);
    return text === undefined ? getSourceFile.call(host, name, version, onError, fresh) : ts.createSourceFile(name, text, version, true);
  };
  host.fileExists = (name) => texts.has(name) || fileExists.call(host, name);
  host.readFile = (name) => texts.get(name) ?? readFile.call(host, name);
  const program = ts.createProgram([...texts.keys()], options, host);
  return [...texts.keys()].flatMap((path) => {
    const file = program.getSourceFile(path);
    if (file === undefined) throw new Error(`${path} is not in the program`);
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map((diagnostic) => ({
      name: path.slice(folder.length + 1),
      line: file.getLineAndCharacterOfPosition(diagnostic.start ?? 0).line + 1,
      message: ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'),
    }));
  });
}
