// When a page may go without taking along what was just tapped.

/**
 * Everything this page has begun to write is in its databases: IndexedDB serves writers in order. A tap is promised once it is durable (Q1), which takes
 * milliseconds, more on a busy machine: a driver is faster than that, people are not.
 */
export async function stored(page) {
  await page.evaluate(async () => {
    for (const { name } of await indexedDB.databases()) {
      const database = await new Promise((resolve, reject) => {
        const request = indexedDB.open(name)
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error)
      })
      const stores = [...database.objectStoreNames]
      for (let pass = 0; pass < 3 && stores.length > 0; pass += 1) {
        await new Promise((resolve) => {
          const transaction = database.transaction(stores, 'readwrite')
          transaction.oncomplete = resolve
          transaction.objectStore(stores[0]).count()
        })
      }
      database.close()
    }
  })
}
