// What may bring an older or a newer state to a screen at a bad moment.
import assert from 'node:assert/strict'

/** Fetches everything again, as a pull to refresh does, and waits until it is on the screen. */
export async function refetch(page) {
  const answered = page.waitForResponse((response) => /\/api\/activities$/.test(response.url()) && response.request().method() === 'GET')
  await page.getByTestId('refresh').first().click()
  await (await answered).finished()
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))))
}

/** An event of somebody else that does not change the count, seen on all these pages. */
export async function event(world, ...pages) {
  const title = `Swim at dawn ${Math.random()}`
  const current = await world.server.request('cleo', 'GET', `/api/activities/${world.activity}`)
  const response = await fetch(`${world.server.origin}/api/activities/${world.activity}`, {
    method: 'PATCH',
    headers: {
      authorization: `Bearer ${await world.server.login('cleo')}`,
      'content-type': 'application/json',
      'if-match': `"${current.version}"`,
    },
    body: JSON.stringify({ title }),
  })
  assert.equal(response.status, 200, await response.text())
  for (const page of pages) await page.getByText(title).first().waitFor()
}
