// What chaos does to a page from outside.

/** The process of this page dies. */
export async function crash(page) {
  const crashed = page.waitForEvent('crash')
  const devtools = await page.context().newCDPSession(page)
  devtools.send('Page.crash').catch(() => {})
  await crashed
}
