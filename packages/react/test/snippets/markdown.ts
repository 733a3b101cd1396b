// Code blocks of a Markdown text, and the modules that they become: names that a block uses and does not declare are imported from a prelude.
// Knows no test and no document.
import ts from 'typescript';

export interface Block {
  /** From 1, among the blocks of the same document that were asked for. */
  readonly number: number;
  readonly language: string;
  /** What stands behind the language, such as `no-check`. */
  readonly flags: readonly string[];
  readonly code: string;
  /** Line of the document at which the code begins. */
  readonly line: number;
  readonly heading: string;
}

const TYPESCRIPT: ReadonlySet<string> = new Set(['ts', 'tsx', 'typescript', 'js', 'jsx', 'javascript']);

/** The TypeScript and JavaScript blocks, in order. */
export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  let heading = '';
  let open: { language: string; flags: string[]; line: number; lines: string[] } | undefined;
  for (const [index, line] of markdown.split('\n').entries()) {
    const fence = /^\s*```(\S*)\s*(.*)$/.exec(line);
    if (open === undefined) {
      heading = /^#+\s+(.*)$/.exec(line)?.[1] ?? heading;
      if (fence) open = { language: fence[1] ?? '', flags: (fence[2] ?? '').split(/\s+/).filter(Boolean), line: index + 2, lines: [] };
    } else if (fence) {
      const { language, flags, line: first, lines } = open;
      if (TYPESCRIPT.has(language)) blocks.push({ number: blocks.length + 1, language, flags, code: lines.join('\n'), line: first, heading });
      open = undefined;
    } else open.lines.push(line);
  }
  return blocks;
}

export interface Prelude {
  /** Module that exports them. */
  readonly path: string;
  readonly names: ReadonlySet<string>;
}

function parse(code: string): ts.SourceFile {
  return ts.createSourceFile('block.tsx', code, ts.ScriptTarget.ES2022, true, ts.ScriptKind.TSX);
}

/** The import that a block needs in front of it, in one line. */
export function importsOf(code: string, { path, names }: Prelude): string {
  const used = new Set<string>();
  const declared = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && isReference(node)) used.add(node.text);
    ts.forEachChild(node, visit);
  };
  const file = parse(code);
  visit(file);
  for (const statement of file.statements) for (const name of declaredBy(statement)) declared.add(name);
  const wanted = [...used].filter((name) => names.has(name) && !declared.has(name)).sort();
  return wanted.length === 0 ? '' : `import { ${wanted.join(', ')} } from '${path}';`;
}

function isReference(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  return !ts.isImportSpecifier(parent) && !ts.isJsxAttribute(parent);
}

function declaredBy(statement: ts.Statement): string[] {
  if (ts.isImportDeclaration(statement)) {
    const { importClause } = statement;
    const named = importClause?.namedBindings;
    const own = importClause?.name ? [importClause.name.text] : [];
    if (named === undefined) return own;
    return ts.isNamespaceImport(named) ? [...own, named.name.text] : [...own, ...named.elements.map((element) => element.name.text)];
  }
  if (ts.isVariableStatement(statement)) return statement.declarationList.declarations.flatMap((one) => namesIn(one.name));
  const named = ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement) || ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement);
  return named && statement.name ? [statement.name.text] : [];
}

function namesIn(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isOmittedExpression(element) ? [] : namesIn(element.name)));
}

/** The block as a module of its own, to be compiled: the import in front, its own lines as they are. */
export function moduleOf(code: string, prelude: Prelude): string {
  return `${importsOf(code, prelude)}\n${code}\nexport {};\n`;
}

/**
 * The block as a module whose default export runs it, as often as wanted, and returns what it declares. A block with a top-level `await` is
 * an async function; any other one may be called while a component renders.
 */
export function callableOf(code: string, prelude: Prelude): string {
  const file = parse(code);
  const imports: string[] = [];
  const body: string[] = [];
  const declared: string[] = [];
  for (const statement of file.statements) {
    const text = code.slice(statement.getFullStart(), statement.getEnd());
    if (ts.isImportDeclaration(statement)) imports.push(text);
    else {
      body.push(ts.isFunctionDeclaration(statement) ? text.replace(/\bexport default\b/, '') : text);
      if (!ts.isInterfaceDeclaration(statement) && !ts.isTypeAliasDeclaration(statement)) declared.push(...declaredBy(statement));
    }
  }
  const asynchronous = file.statements.some(awaits) ? 'async ' : '';
  const head = `${importsOf(code, prelude)}\n${imports.join('\n')}`;
  return `${head}\nexport default ${asynchronous}function () {\n${body.join('\n')}\nreturn { ${declared.join(', ')} };\n}\n`;
}

/** Outside of any function of its own. */
function awaits(node: ts.Node): boolean {
  if (ts.isFunctionLike(node)) return false;
  return ts.isAwaitExpression(node) || (ts.forEachChild(node, (child) => awaits(child) || undefined) ?? false);
}

/** What a module exports, types too. */
export function exportsOf(source: string): Set<string> {
  const file = parse(source);
  const names = new Set<string>();
  for (const statement of file.statements) {
    if (ts.isExportDeclaration(statement) && statement.exportClause && ts.isNamedExports(statement.exportClause)) {
      for (const element of statement.exportClause.elements) names.add(element.name.text);
    } else if (ts.canHaveModifiers(statement) && ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) {
      for (const name of declaredBy(statement)) names.add(name);
    }
  }
  return names;
}
