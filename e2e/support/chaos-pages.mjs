// What chaos does to a page from outside.

/**
 * Everything this page has begun to write is in its store: IndexedDB serves writers in order. A tap is promised once it is durable,
 * which takes milliseconds: a driver is faster than that, people are not.
 */
export async function stored(page) {
  await page.evaluate(async () => {
    const database = await new Promise((resolve, reject) => {
      const request = indexedDB.open('tidewire')
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
    for (let pass = 0; pass < 3; pass += 1) {
      await new Promise((resolve) => {
        const transaction = database.transaction('records', 'readwrite')
        transaction.oncomplete = resolve
        transaction.objectStore('records').count()
      })
    }
    database.close()
  })
}

/** The process of this page dies. */
export async function crash(page) {
  const crashed = page.waitForEvent('crash')
  const devtools = await page.context().newCDPSession(page)
  devtools.send('Page.crash').catch(() => {})
  await crashed
}
