// Native (issue test 7; Y1, V6, V7, C2): `tidewire listen` beside a browser, over the death of the server. What it prints is exactly
// what the server's own table of events holds. Networks that are cut, and stores, are tested in crates/cli/tests/listen.rs.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ends } from '../support/endings.mjs'
import { closeBrowser, inWorld } from '../support/world.mjs'

after(closeBrowser)

const binaries = process.env.TIDEWIRE_BIN ?? fileURLToPath(new URL('../../target/debug', import.meta.url))

/** `tidewire listen --room activities` as a process of its own. */
class Listener {
  printed = []
  #told = []
  #wake = () => {}

  constructor(origin) {
    const args = ['listen', '--json', '--room', 'activities', '--login', 'cleo', '--url', origin]
    this.process = ends(spawn(join(binaries, 'tidewire'), args, { stdio: ['ignore', 'pipe', 'pipe'] }))
    this.gone = once(this.process, 'close')
    createInterface({ input: this.process.stdout }).on('line', (line) => this.#hear(this.printed, JSON.parse(line)))
    createInterface({ input: this.process.stderr }).on('line', (line) => this.#hear(this.#told, line))
    this.process.on('close', (code) => this.#hear(this.#told, `it ended with ${code}`))
  }

  #hear(list, line) {
    list.push(line)
    this.#wake()
  }

  async #until(holds) {
    while (!holds()) {
      if (this.process.exitCode !== null) throw new Error(`tidewire listen: ${this.#told.join('\n')}`)
      await new Promise((resolve) => (this.#wake = resolve))
    }
  }

  /** It said this on stderr, for the `times`th time. */
  told(text, times = 1) {
    return this.#until(() => this.#told.filter((line) => line.includes(text)).length >= times)
  }

  /** It printed an event for which this holds. */
  heard(holds) {
    return this.#until(() => this.printed.some(holds))
  }

  async interrupt() {
    this.process.kill('SIGINT')
    const [code] = await this.gone
    return code
  }
}

test('V7 tidewire listen prints every event once and in order, over kill -9 of the server', inWorld(async (world) => {
  const { ana, server, activity } = world
  const head = server.sql(`SELECT max(offset) AS head FROM tidewire_event WHERE room = 'activities'`)[0].head
  const listener = new Listener(server.origin)
  try {
    await listener.told('activities: joined')
    await ana.openActivity(activity)
    await ana.shows('cheer-count', 0)
    await ana.count(`like-${activity}`).click()
    await ana.count('cheer').click()
    await listener.heard(({ event, args }) => event === 'activity:cheered' && args[0].cheers === 1)

    // kill -9 between a commit and its answer; while nobody is there, two more; then a second death right behind the return.
    const cheer = ana.network.hold(/^POST \/api\/activities\/[^/]+\/cheers /)
    await ana.count('cheer').click()
    await cheer.requestReached
    cheer.forward()
    await cheer.answerReached
    await server.kill()
    await ana.count('cheer').click()
    await ana.count(`like-${activity}`).click()
    await ana.shows('pending-badge', 3)
    await server.start()
    await listener.told('activities: joined', 2)
    await server.kill()
    await server.start()
    await ana.page.getByTestId('pending-badge').waitFor({ state: 'detached' })

    assert.equal(world.cheers(), 3)
    assert.deepEqual(world.likes().map((row) => row.user_id), ['cleo'])
    // Whatever is doubled or late comes before this one.
    const last = await server.request('ben', 'POST', '/api/activities', { title: 'The end' })
    await listener.heard(({ event, args }) => event === 'activity:created' && args[0].id === last.id)

    const stored = server.sql(
      `SELECT offset, name, payload, write_id FROM tidewire_event WHERE room = 'activities' AND offset > ${head} ORDER BY offset`,
    )
    const printed = listener.printed.filter(({ offset }) => offset !== null)
    assert.deepEqual(
      printed.map(({ room, offset, event, args, write }) => ({ room, offset, event, args, write: write ?? '' })),
      stored.map(({ offset, name, payload, write_id: write }) => ({ room: 'activities', offset, event: name, args: [JSON.parse(payload)], write })),
    )
    // And it is what Ana did: a lane keeps its order, two lanes have none.
    const of = (...names) => printed.filter(({ event }) => names.includes(event))
    assert.deepEqual(of('activity:cheered').map(({ args }) => args[0].cheers), [1, 2, 3])
    assert.deepEqual(of('activity:like_added', 'activity:like_removed').map(({ args }) => args[0].likeCount), [2, 1])
    assert.equal(printed.length, 6)
    assert.equal(await listener.interrupt(), 0)
  } finally {
    listener.process.kill('SIGKILL')
    await listener.gone
  }
}, { people: ['ana'] }))
