// What axe-core finds in a page and in each frame of it: what is serious or worse.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** `rules`: only these, instead of all. */
export async function violations(page, rules) {
  const found = []
  for (const frame of page.frames()) {
    // A document that has it keeps it.
    if (await frame.evaluate(() => globalThis.axe === undefined)) await frame.evaluate(source)
    const results = await frame.evaluate(async (only) => {
      // Each frame is looked at by itself.
      const options = { iframes: false, resultTypes: ['violations'], ...(only !== undefined && { runOnly: only }) }
      const { violations } = await globalThis.axe.run(document, options)
      return violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map(({ html, failureSummary }) => `${html.slice(0, 160)}\n${failureSummary}`) }))
    }, rules)
    found.push(...results.map((it) => ({ where: new URL(frame.url()).pathname, ...it })))
  }
  return found.filter(({ impact }) => impact === 'serious' || impact === 'critical')
}

/** Nothing serious in either colour scheme: only colours differ between the two. The page is left light. `dressed`: waits until a frame has heard of a scheme. */
export async function sound(page, what, dressed = mantine) {
  assert.deepEqual(await violations(page), [], what)
  await dress(page, 'dark', dressed)
  assert.deepEqual(await violations(page, ['color-contrast']), [], `${what}, dark`)
  await dress(page, 'light', dressed)
}

const mantine = (frame, colorScheme) => frame.locator(`html[data-mantine-color-scheme=${colorScheme}]`).waitFor({ state: 'attached' })

async function dress(page, colorScheme, dressed) {
  await page.emulateMedia({ colorScheme })
  for (const frame of page.frames()) {
    await dressed(frame, colorScheme)
    // Colours may take their time to change.
    await frame.evaluate(() => Promise.allSettled(document.getAnimations().filter((it) => it instanceof CSSTransition).map((it) => it.finished)))
  }
}
