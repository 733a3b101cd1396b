// Chromium, the pages, and what all measurements share.
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { chromium } from 'playwright-core'

const file = (name) => fileURLToPath(new URL(`pages/${name}`, import.meta.url))
export const html = (script) => `<!doctype html><meta charset="utf-8"><title>A measurement</title><link rel="icon" href="data:,"><div id="root"></div><script type="module" src="/${script}.js"></script>`

/** `/name` and `/name.js` for each of these pages, built as an app would be. */
export async function pages(names) {
  const { outputFiles } = await build({
    entryPoints: names.map((name) => ({ in: file(name), out: name.replace(/\.\w+$/, '') })),
    outdir: 'out',
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'error',
  })
  const all = new Map()
  for (const name of names.map((one) => one.replace(/\.\w+$/, ''))) {
    all.set(`/${name}`, html(name))
    all.set(`/${name}.js`, outputFiles.find(({ path }) => path.endsWith(`/${name}.js`)).text)
  }
  return all
}

export const launch = (...more) =>
  chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', ...more],
  })

export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

/** What is measured now, for whoever waits. */
export const progress = (text) => console.error(`   ${text}`)

/** Figures, and how they are shown. */
export function table(head, rows) {
  const lines = [head, head.map((_, at) => (at === 0 ? '---' : '--:')), ...rows]
  return { head, rows, text: lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n') }
}
