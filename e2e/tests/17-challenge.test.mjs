// A leader that does not answer (Q19): a frozen tab holds the lock and its timers sleep. The tab in front takes the lead and sends; the old one,
// thawed, may do nothing with its old epoch.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { inLab } from '../support/lab.mjs'
import { closeBrowser } from '../support/world.mjs'

after(closeBrowser)

test('Q19 a tab in front takes the lead from one that is stuck, and each write is applied once', inLab(async (lab) => {
  const id = await lab.activity()
  const [old, front] = [await lab.page(), await lab.page()]
  await old.evaluate(async (id) => {
    globalThis.one = lab.open('ana')
    await one.tw.connect()
    await one.tw.submit(lab.cheer, { id }).settled
  }, id)
  // Stopped where it is, with the lock in its hand: the debugger pauses its thread, as a frozen or suspended page would be.
  const debug = await lab.context.newCDPSession(old)
  await debug.send('Debugger.enable')
  const paused = new Promise((resolve) => debug.once('Debugger.paused', resolve))
  await debug.send('Debugger.pause')
  void old.evaluate(() => one.tw.outbox.get()).catch(() => {})
  await paused
  await front.bringToFront()
  const sent = await front.evaluate(async (id) => {
    globalThis.two = lab.open('ana')
    await two.tw.submit(lab.cheer, { id }).acknowledged
    return two.sent
  }, id)
  assert.deepEqual(sent, [`POST /api/activities/${id}/cheers`])

  await debug.send('Debugger.resume')
  await debug.send('Debugger.disable')
  await old.evaluate(async (id) => {
    await one.tw.submit(lab.cheer, { id }).durable
    await lab.until(one.tw.outbox, ({ writes }) => writes.length === 0)
  }, id)
  assert.deepEqual(lab.server.sql(`SELECT cheers FROM activity WHERE id = '${id}'`), [{ cheers: 3 }])
}))
