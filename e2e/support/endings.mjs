// How a test ends, whatever happens: at once with a clear word when its browser is gone or a page has crashed, after a limit when nothing comes any more, and never leaving a process
// behind. It knows nothing about what is tested.

/** Milliseconds that a test may take. Twice what the slowest takes on a busy machine. */
const LIMIT = 90_000

const children = new Set()

/** This process ends with ours. `group`: with all that it has started. */
export function ends(child, { group = false } = {}) {
  const entry = { pid: child.pid, group }
  children.add(entry)
  child.once('exit', () => children.delete(entry))
  return child
}

process.once('exit', () => {
  for (const { pid, group } of children) {
    try {
      process.kill(group ? -pid : pid, 'SIGKILL')
    } catch {
      // It was faster.
    }
  }
})

// The runner's word when a file takes too long. Somebody who listens must also leave: Playwright closes its browsers and stays.
process.once('SIGTERM', () => process.exit(143))

const gone = new WeakMap()

/** Tells, from now on, when this browser goes. `said`: its last words. */
export function watchBrowser(browser, said) {
  const word = new Promise((_, reject) => {
    browser.once('disconnected', () => {
      reject(new Error(`the browser is gone. Its last words:\n${said.join('\n')}`))
    })
  })
  // Whoever closes it does not wait for it.
  word.catch(() => {})
  gone.set(browser, word)
}

/** Rejects when a page of this browser crashes. */
function crash(browser) {
  return new Promise((_, reject) => {
    const look = (page) => page.once('crash', () => reject(new Error(`a page crashed: ${page.url()}`)))
    for (const context of browser.contexts()) {
      for (const page of context.pages()) look(page)
      context.on('page', look)
    }
  })
}

/** What `body` gives, or the reason why it never will. `mayCrash`: the test itself lets pages crash. */
export async function whileAlive(browser, body, { limit = LIMIT, mayCrash = false } = {}) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it has not come to its end in ${limit / 1000} seconds`)), limit)
  })
  try {
    return await Promise.race([body(), gone.get(browser), late, ...(mayCrash ? [] : [crash(browser)])])
  } finally {
    clearTimeout(timer)
  }
}
