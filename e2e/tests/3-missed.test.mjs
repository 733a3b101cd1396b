// The missed messages (Y1, Y2, V3, V6, C7): who was away gets what was missed, once, in order, without the list being fetched again.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { closeBrowser, inWorld } from '../support/world.mjs'

after(closeBrowser)

const TEXTS = ['One', 'Two ✓', 'Three 🌊']

async function say(phone, text) {
  await phone.count('message-input').fill(text)
  await phone.count('message-send').click()
  await phone.page.getByTestId('message-text').filter({ hasText: text }).waitFor()
}

/** Every GET of the message list from now on. */
function countLists(phone) {
  const lists = []
  phone.context.on('request', (request) => {
    if (request.method() === 'GET' && /\/messages$/.test(new URL(request.url()).pathname)) lists.push(request.url())
  })
  return lists
}

async function bothInChat({ ana, ben, activity }) {
  await ben.installed()
  await ana.openActivity(activity)
  await ben.openActivity(activity)
  await say(ana, 'Hello')
  await ben.page.getByTestId('message-text').filter({ hasText: 'Hello' }).waitFor()
}

for (const restart of [false, true]) {
  test(`three missed messages come once and in order${restart ? ', over a restart of the server' : ''}`, inWorld(async (world) => {
    const { ana, ben, server } = world
    await bothInChat(world)
    const lists = countLists(ben)
    await ben.network.cut('refuse')
    for (const text of TEXTS) await say(ana, text)
    await ana.page.getByTestId('pending-badge').waitFor({ state: 'detached' })
    if (restart) {
      await server.kill()
      await server.start()
    }
    await ben.network.heal()
    await ben.page.getByTestId('message-text').filter({ hasText: TEXTS[2] }).waitFor()
    assert.deepEqual(await ben.messages(), ['Hello', ...TEXTS])
    assert.deepEqual(lists, [])
    // And live again.
    await say(ana, 'Four')
    await ben.page.getByTestId('message-text').filter({ hasText: 'Four' }).waitFor()
    assert.deepEqual(await ben.messages(), ['Hello', ...TEXTS, 'Four'])
  }))
}

const asText = (value) => (typeof value === 'string' ? value : Buffer.from(Object.values(value)).toString('utf8'))

/** The stored bases as they are now. */
const readBases = (page) =>
  page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const open = indexedDB.open('tidewire')
        open.onerror = () => reject(open.error)
        open.onsuccess = () => {
          const database = open.result
          const store = database.transaction('records').objectStore('records')
          const keys = store.getAllKeys()
          const values = store.getAll()
          values.onsuccess = () => {
            database.close()
            resolve(keys.result.map((key, i) => [key, values.result[i]]).filter(([key]) => String(key[1]).startsWith('q/')))
          }
        }
      }),
  )

const writeBases = (page, bases) =>
  page.evaluate(
    (records) =>
      new Promise((resolve, reject) => {
        const open = indexedDB.open('tidewire')
        open.onerror = () => reject(open.error)
        open.onsuccess = () => {
          const database = open.result
          const transaction = database.transaction('records', 'readwrite')
          for (const [key, value] of records) transaction.objectStore('records').put(value, key)
          transaction.oncomplete = () => {
            database.close()
            resolve()
          }
        }
      }),
    bases,
  )

test('a stored base that is older than what was applied gets everything after it, once', inWorld(async (world) => {
  const { ana, ben, activity } = world
  await bothInChat(world)
  // The base that the disk holds before the next message is applied: it is written a moment after the screen shows it.
  let old = []
  while (!old.some(([, value]) => asText(value).includes('Hello'))) old = await readBases(ben.page)
  await say(ana, 'Applied')
  await ben.page.getByTestId('message-text').filter({ hasText: 'Applied' }).waitFor()
  const lists = countLists(ben)
  await ben.network.cut('refuse')
  for (const text of TEXTS) await say(ana, text)

  // The process dies, and the disk lost its last writes.
  const token = await ben.page.evaluate(() => JSON.stringify(sessionStorage))
  await ben.page.close()
  const visitor = await ben.context.newPage()
  await ben.network.heal()
  await visitor.goto(`${ben.origin}/healthz`)
  await writeBases(visitor, old)
  await visitor.evaluate((saved) => {
    for (const [key, value] of Object.entries(JSON.parse(saved))) sessionStorage.setItem(key, value)
  }, token)
  await ben.network.cut('refuse')
  ben.page = visitor
  await visitor.goto(ben.origin)
  await ben.openActivity(activity)
  await visitor.getByTestId('message-text').filter({ hasText: 'Hello' }).waitFor()
  assert.deepEqual(await ben.messages(), ['Hello'], 'the old base, offline')
  await ben.network.heal()
  await visitor.getByTestId('message-text').filter({ hasText: TEXTS[2] }).waitFor()
  assert.deepEqual(await ben.messages(), ['Hello', 'Applied', ...TEXTS])
  assert.deepEqual(lists, [])
}))
