// Every screen in each of its states: what it says and what one can do about it; nothing serious for axe-core in either colour scheme; and
// nothing that moves when a sign appears. Each test has one server and one window as narrow as a small phone.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sound } from '../support/axe.mjs'
import { onScreen, Screen } from '../support/screen.mjs'
import { closeBrowser } from '../support/world.mjs'

after(closeBrowser)

const LIST = 'GET /api/activities'
const CHAT = 'GET /api/activities/lake-swim/messages'

test('signing in, and what it says without a server', onScreen(async (screen) => {
  const { page } = screen
  await screen.id('login-ana').waitFor()
  await sound(page, 'sign-in')
  screen.replace('POST /api/login', (route) => route.abort())
  await screen.signIn()
  await page.getByRole('alert').filter({ hasText: 'The server can’t be reached.' }).waitFor()
  await sound(page, 'sign-in that failed')
  screen.restore('POST /api/login')
  await screen.signIn()
  await screen.id('like-lake-swim').waitFor()
}))

test('the list: loading, failed, empty', onScreen(async (screen) => {
  const { page } = screen
  screen.hold(LIST)
  await screen.signIn()
  await page.getByLabel('Loading activities').waitFor()
  await sound(page, 'loading')

  screen.says(LIST, 403, { error: { code: 'CLOSED', message: 'closed on Sundays' } })
  await page.reload()
  await page.getByRole('alert').filter({ hasText: 'closed on Sundays' }).waitFor()
  await sound(page, 'failed')
  screen.replace(LIST, async (route) => route.fulfill({ response: await route.fetch(), body: '[]' }))
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.getByText('Nothing planned yet').waitFor()
  await sound(page, 'empty')
  await screen.id('create-title').fill('Something')
  await screen.id('create-title').press('Enter')
  await page.getByText('1 activity', { exact: true }).waitFor()
  await sound(page, 'full')
}))

test('the detail and its chat: unknown, foreign, failed, empty', onScreen(async (screen) => {
  const { page } = screen
  screen.hold('GET /api/activities/no-such')
  await screen.signIn()
  await screen.id('like-lake-swim').waitFor()
  await page.goto(`${screen.server.origin}/activities/no-such`)
  await page.locator('article [aria-busy]').waitFor()
  await sound(page, 'loading')
  screen.restore('GET /api/activities/no-such')
  await page.reload()
  await page.getByText('It is gone').waitFor()
  await sound(page, 'gone')
  await screen.back()

  await screen.open('flea-market')
  await page.getByText('The chat is for those who are going').waitFor()
  await sound(page, 'of others')
  await screen.back()

  screen.says(CHAT, 403, { error: { code: 'CLOSED', message: 'closed on Sundays' } })
  await screen.open('lake-swim')
  await page.getByRole('alert').filter({ hasText: 'This chat could not be loaded' }).waitFor()
  await sound(page, 'chat that failed')
  screen.replace(CHAT, async (route) => route.fulfill({ response: await route.fetch(), body: '[]' }))
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.getByText('No messages yet').waitFor()
  await sound(page, 'empty chat')
}))

test('Q13 what the server refused stands in plain words where it belongs, and in the outbox: retry, edit, discard', onScreen(async (screen) => {
  const { page } = screen
  const send = 'POST /api/activities/lake-swim/messages'
  await screen.signIn()
  await screen.open('lake-swim')
  await screen.id('message-text').first().waitFor()
  screen.says(send, 422, { error: { code: 'RUDE', message: 'no shouting in this chat' } }, { 'Tidewire-Outcome': 'rejected' })
  await screen.id('message-input').fill('WHERE IS EVERYBODY')
  await screen.id('message-input').press('Enter')
  await screen.id('parked').filter({ hasText: 'Not sent. The server says: no shouting in this chat.' }).waitFor()
  await sound(page, 'a refused message')
  await screen.id('parked-edit').click()
  assert.equal(await screen.id('parked-words').inputValue(), 'WHERE IS EVERYBODY')
  await sound(page, 'a refused message that is changed')
  await page.keyboard.press('Escape')
  await screen.id('parked-badge').waitFor()
  await screen.id('outbox').click()
  await screen.id('parked-item').waitFor()
  await sound(page, 'the outbox with what was refused')
  await page.keyboard.press('Escape')
  await screen.id('outbox').and(page.locator(':focus')).waitFor()
  screen.restore(send)
  await screen.id('parked-retry').click()
  await page.locator('[data-tick=sent]').waitFor()
  assert.deepEqual(await screen.id('message-text').allTextContents(), ['Water was 17 degrees yesterday.', 'WHERE IS EVERYBODY'])
}))

test('Q15 a queue that is full says so, over what is shown', onScreen(async (screen) => {
  const { page } = screen
  await screen.signIn()
  await screen.open('lake-swim')
  await screen.id('cheer-count').waitFor()
  await screen.id('tunnel').click()
  await screen.id('connection-banner').waitFor()
  const before = await screen.id('title').boundingBox()
  await screen.id('cheer').evaluate((button) => {
    for (let taps = 0; taps <= 100; taps += 1) button.click()
  })
  await screen.id('write-refused').filter({ hasText: 'Too much waits to be sent already.' }).waitFor()
  assert.equal(await screen.id('cheer-count').textContent(), '100', 'what was not kept is not shown')
  assert.deepEqual(await screen.id('title').boundingBox(), before, 'nothing moves')
  await sound(page, 'a queue that is full')
  await page.getByRole('button', { name: 'Dismiss' }).click()
  await screen.id('write-refused').waitFor({ state: 'detached' })
}))

test('nothing moves when a sign appears or goes', onScreen(async (screen) => {
  const { page } = screen
  const place = async (testId) => {
    const { x, y, width, height } = await screen.id(testId).first().boundingBox()
    return [x, y, width, height]
  }
  await screen.signIn()
  await screen.id('like-lake-swim').waitFor()
  const [row, heart] = [await place('activity-lake-swim'), await place('like-lake-swim')]
  const still = async (what) => {
    assert.deepEqual(await place('activity-lake-swim'), row, `the row: ${what}`)
    assert.deepEqual(await place('like-lake-swim'), heart, `the heart: ${what}`)
  }
  const ben = await Screen.open(screen.server)
  await ben.signIn('ben')
  await screen.id('online-now').waitFor()
  await still('somebody is online')
  await ben.close()
  // What is to be there in the tunnel must have been seen before.
  await screen.open('lake-swim')
  await screen.id('message-text').first().waitFor()
  await screen.back()
  await screen.id('tunnel').click()
  await screen.id('connection-banner').waitFor()
  await still('offline')
  await screen.id('like-lake-swim').click()
  await screen.id('waiting-lake-swim').waitFor()
  await screen.id('pending-badge').waitFor()
  await still('a change that waits')
  await screen.open('lake-swim')
  await screen.id('message-text').first().waitFor()
  const [cheer, title] = [await place('cheer'), await place('title')]
  await screen.id('message-input').fill('Brrr')
  await screen.id('message-input').press('Enter')
  await screen.id('detail-waiting').filter({ hasText: '2 waiting' }).waitFor()
  const mine = screen.id('message').filter({ hasText: 'Brrr' })
  const words = mine.getByTestId('message-text')
  const waits = await words.boundingBox()
  await screen.id('tunnel').click()
  await mine.locator('[data-tick=sent]').waitFor()
  await screen.id('connection-banner').waitFor({ state: 'detached' })
  await screen.id('detail-waiting').waitFor({ state: 'detached' })
  assert.deepEqual(await words.boundingBox(), waits, 'the message')
  assert.deepEqual(await place('cheer'), cheer, 'the buttons')
  assert.deepEqual(await place('title'), title, 'the title')
  await screen.back()
  await screen.id('like-lake-swim').waitFor()
  await still('online again')
}))

test('by keyboard alone: in, to an activity, like, rename, write, and back to where one was', onScreen(async (screen) => {
  const { page } = screen
  const on = async (testId) => screen.id(testId).and(page.locator(':focus')).waitFor()
  const tabTo = async (locator, key = 'Tab') => {
    for (let presses = 0; presses < 40; presses += 1) {
      await page.keyboard.press(key)
      if (await locator.evaluate((element) => element === document.activeElement)) return
    }
    assert.fail(`${key} does not lead to ${locator}`)
  }
  await screen.id('login-ana').waitFor()
  await tabTo(screen.id('login-ana'))
  await page.keyboard.press('Enter')
  const row = screen.id('activity-lake-swim').getByRole('link')
  await row.waitFor()
  await tabTo(row)
  await page.keyboard.press('Enter')
  await on('title')
  assert.equal(await page.title(), 'Swim at the lake before work · Activities')
  await tabTo(screen.id('rename'))
  await page.keyboard.press('Enter')
  await on('rename-title')
  await page.keyboard.type('Swim, briefly')
  await page.keyboard.press('Enter')
  await on('rename')
  await tabTo(screen.id('like-lake-swim'))
  await page.keyboard.press('Space')
  await page.getByRole('button', { name: 'Like Swim, briefly, 1 like', pressed: true }).waitFor()
  await tabTo(screen.id('message-input'))
  await page.keyboard.type('Brrr')
  await page.keyboard.press('Enter')
  await page.locator('[data-tick=sent]').waitFor()
  await on('message-input')
  await tabTo(page.getByRole('link', { name: 'Back to all activities' }), 'Shift+Tab')
  await page.keyboard.press('Enter')
  await row.and(page.locator(':focus')).waitFor()
  assert.equal(await page.title(), 'Activities')
}))

test('a long list is as far down as before when one comes back to it', onScreen(async (screen) => {
  const { page } = screen
  screen.replace(LIST, async (route) => {
    const response = await route.fetch()
    const [first, ...rest] = await response.json()
    const more = Array.from({ length: 500 }, (_, at) => ({ ...first, id: `more-${at}`, title: `Walk number ${at}` }))
    await route.fulfill({ response, body: JSON.stringify([first, ...more, ...rest]) })
  })
  await screen.signIn()
  await page.getByText('505 activities', { exact: true }).waitFor()
  await screen.id('activity-more-400').scrollIntoViewIfNeeded()
  await screen.open('more-400')
  await screen.back()
  const row = screen.id('activity-more-400')
  await row.getByRole('link').and(page.locator(':focus')).waitFor()
  const { y, height } = await row.boundingBox()
  assert.ok(y >= 0 && y + height <= 740, `the row that one came from is in view, at ${y}`)
}))
