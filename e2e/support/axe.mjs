// What axe-core finds in a page and in each frame of it: what is serious or worse.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

export async function violations(page) {
  const found = []
  for (const frame of page.frames()) {
    await frame.evaluate(source)
    const results = await frame.evaluate(async () => {
      // Each frame is looked at by itself.
      const { violations } = await globalThis.axe.run(document, { iframes: false, resultTypes: ['violations'] })
      return violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map(({ html, failureSummary }) => `${html.slice(0, 160)}\n${failureSummary}`) }))
    })
    found.push(...results.map((it) => ({ where: new URL(frame.url()).pathname, ...it })))
  }
  return found.filter(({ impact }) => impact === 'serious' || impact === 'critical')
}
