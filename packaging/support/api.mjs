// The API reference, from the types and comments of the built packages: for each entry what it exports, in the words of the sources.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

const KINDS = [
  ['Functions', (it) => it.kinds.has(ts.SyntaxKind.FunctionDeclaration)],
  ['Classes and values', (it) => it.kinds.has(ts.SyntaxKind.ClassDeclaration) || it.kinds.has(ts.SyntaxKind.VariableDeclaration)],
  ['Types', () => true],
]

/** One page for one package: `[file name, text]`. */
export function page({ name, path, manifest }) {
  const entries = Object.entries(manifest.exports)
    .filter(([entry]) => entry !== './package.json')
    .map(([entry, conditions]) => ({ name: entry.replace(/^\./, name), types: join(path, (conditions.import ?? conditions).types), code: join(path, (conditions.import ?? conditions).default) }))
  const program = ts.createProgram(entries.map(({ types }) => types), {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    skipLibCheck: true,
    types: [],
  })
  const checker = program.getTypeChecker()
  const parts = [`# ${name}\n\n${manifest.description.replace(/\.?$/, '.')}\n\nMade from the sources by \`npm run api -w packaging\`; do not edit. How the parts work together is told in the [guides](../guides).`]
  /** Where something was shown first: `@tidewire/client/js` has all that `@tidewire/client` has. */
  const shown = new Map()
  for (const entry of entries) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(entry.types))
    const values = valuesOf(entry.code)
    // `export type *` of a module that also holds code exports only its types.
    const all = checker.getExportsOfModule(module).map((symbol) => read(symbol, checker)).filter((it) => values.has(it.name) || KINDS.findIndex(([, is]) => is(it)) === KINDS.length - 1)
    const fresh = all.filter(({ text }) => !shown.has(text))
    const before = new Set(all.filter(({ text }) => shown.has(text)).map(({ text }) => shown.get(text)))
    for (const { text } of fresh) shown.set(text, entry.name)
    parts.push(`## \`${entry.name}\``, head(entry.types))
    if (before.size > 0) parts.push(`${fresh.length === 0 ? 'The same as' : 'Besides what stands here it has what it shares with'} ${[...before].map((one) => `\`${one}\``).join(', ')}.`)
    for (const [at, [title]] of KINDS.entries()) {
      const mine = fresh.filter((it) => KINDS.findIndex(([, is]) => is(it)) === at).sort((a, b) => a.name.localeCompare(b.name, 'en'))
      if (mine.length > 0) parts.push(`### ${title}`, ...mine.map(({ name: title, text }) => `#### ${title}\n\n\`\`\`ts\n${text}\n\`\`\``))
    }
  }
  return [`${name.replace(/^@[^/]+\//, '')}.md`, `${parts.filter((part) => part !== '').join('\n\n')}\n`]
}

/** The names under which the built module exports code. */
function valuesOf(code) {
  const text = readFileSync(code, 'utf8')
  const lists = [...text.matchAll(/^export \{([^}]*)\}/gm)].flatMap(([, list]) => list.split(',').map((one) => one.trim().split(' as ').at(-1)))
  const declared = [...text.matchAll(/^export (?:async )?(?:function|class|const|let) (\w+)/gm)].map(([, name]) => name)
  return new Set([...lists, ...declared])
}

/** What an entry says of itself in its first comment, which the built types do not keep. */
function head(types) {
  const source = types.replace(/\/dist\/[^/]+\//, '/src/').replace(/\.d\.ts$/, '.ts')
  const lines = []
  for (const line of readFileSync(source, 'utf8').split('\n').filter((one) => !/^['"]use client['"]/.test(one))) {
    if (!line.startsWith('//')) break
    lines.push(line.replace(/^\/\/ ?/, ''))
  }
  return lines.join('\n')
}

function read(symbol, checker) {
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  const declarations = target.declarations ?? []
  return {
    name: symbol.name,
    kinds: new Set(declarations.map(({ kind }) => kind)),
    text: declarations.map((declaration) => textOf(declaration)).join('\n'),
  }
}

/** The declaration with its comment; of a class, what is not private. */
function textOf(declaration) {
  const statement = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration
  const source = statement.getSourceFile()
  const whole = (node) => source.text.slice(node.getFullStart(), node.end)
  let text = whole(statement)
  if (ts.isClassDeclaration(statement)) {
    for (const member of [...statement.members].reverse()) {
      const hidden = (member.name && ts.isPrivateIdentifier(member.name)) || ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Private
      if (hidden) text = text.slice(0, member.getFullStart() - statement.getFullStart()) + text.slice(member.end - statement.getFullStart())
    }
  }
  return text
    .replace(/^\s*\n/, '')
    .replace(/^\/\/.*\n/gm, '')
    .replace(/^(\s*)export (declare )?/m, '$1')
    .trim()
}
