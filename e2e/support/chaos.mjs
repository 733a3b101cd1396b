// Chaos: two people, one of them with two tabs, a plan of random steps, and a model of what must come of it. The world is the real one:
// server process, Chromium, TCP proxies. Every wait is for something that must appear on a screen.
import assert from 'node:assert/strict'
import { crash } from './chaos-pages.mjs'
import { plan } from './chaos-plan.mjs'
import { inDatabase, legal } from './chaos-truth.mjs'
import { History, watcher } from './chaos-watch.mjs'
import { stored } from './stored.mjs'

/** The answer goes on when it comes. A page that is killed gives up what it asked for: part of a bad day. */
const passOn = (held) => held.answerReached.then(() => held.pass(), () => {})

const WIDE = { width: 1100, height: 844 }
/** What needs no network must be there at once; the limit only ends a run that has failed. */
const AT_ONCE = { timeout: 15_000 }
const LIMIT = { timeout: 75_000 }

const clock = () => new Date().toISOString().slice(14, 23)

export class Chaos {
  log = []
  wrong = []
  /** Nobody tells the clients that the network is back: they find out, however long that takes. */
  patient = process.env.CHAOS_PATIENT !== undefined
  #down = false
  #dying
  /** Somebody waits until everything is sent: traps that were set before do no harm now. */
  #calm = false
  #screens = []
  #activities = []
  #notes = []

  static async open(world) {
    const chaos = new Chaos(world)
    chaos.#know({ id: world.activity, title: 'Swim at dawn', likes: 1, people: 1, going: { ana: true, ben: true } })
    for (const phone of world.phones) {
      Object.assign(phone, { messages: 0, offline: false, cut: undefined, dirty: false, late: [] })
      await phone.installed()
      await phone.context.addInitScript(watcher)
    }
    await chaos.#screen(world.ana, world.ana.page, true)
    await chaos.#screen(world.ana, await world.ana.tab(), false)
    await chaos.#screen(world.ben, world.ben.page, false)
    for (const screen of chaos.#screens) {
      await chaos.#reload(screen)
      // So that there is a chat on every screen before the network goes.
      await chaos.#toDetail(screen, chaos.#activities[0])
      await screen.page.getByTestId('message-input').waitFor()
      await screen.page.getByTestId('cheer-count').waitFor()
    }
    return chaos
  }

  constructor(world) {
    this.world = world
  }

  async run(seed, steps) {
    const what = plan(seed, { steps, screens: this.#screens.length })
    for (const [at, step] of what.entries()) {
      const screen = this.#screens[step.screen]
      this.#say(`${at}. ${step.kind} on ${screen.name}`)
      // The tab in front is the one that people use; the others are slow, as tabs in the back are.
      await screen.page.bringToFront()
      await this[step.kind](screen, step)
      await this.#drain()
      assert.deepEqual(this.wrong, [], 'what no screen may ever show')
    }
  }

  #say(text) {
    this.log.push(`${clock()} ${text}`)
  }

  #also(text) {
    this.log[this.log.length - 1] += `: ${text}`
  }

  // --- the model ---

  #know({ id, title, likes, people, going }) {
    const histories = (state) => ({ ana: [state('ana')], ben: [state('ben')] })
    this.#activities.push({
      id,
      title,
      likes: new History(likes, histories(() => 0)),
      people: new History(people, histories((person) => (going[person] ? 1 : 0))),
      cheers: new History(0, histories(() => 0)),
      sent: { ana: [], ben: [] },
    })
  }

  /** A tap that changes a number: known before it is made, then a floor for the screen that has shown it. */
  async #tap(screen, activity, kind, state, act) {
    const history = activity[kind]
    history.push(screen.person, state)
    await act()
    this.#floor(screen, activity, kind)
  }

  #floor(screen, activity, kind) {
    screen.floors.set(`${kind} ${activity.id}`, activity[kind].length(screen.person) - 1)
  }

  // --- screens ---

  async #screen(phone, page, wide) {
    const screen = { name: `${phone.name}${this.#screens.filter((it) => it.phone === phone).length + 1}`, phone, person: phone.name, page, wide, floors: new Map(), seen: [] }
    this.#listen(screen)
    if (wide) await page.setViewportSize(WIDE)
    this.#screens.push(screen)
  }

  #listen({ name, page }) {
    page.on('console', (line) => {
      if (/^tidewire/.test(line.text()) || /Content Security|Uncaught/.test(line.text())) this.#note(`${name} ${line.text().slice(0, 300)}`)
    })
    page.on('requestfinished', async (request) => this.#request(name, request, (await request.response().catch(() => null))?.status()))
    page.on('requestfailed', (request) => this.#request(name, request, request.failure()?.errorText))
  }

  #note(text) {
    this.#notes.push(`${clock()} ${text}`)
  }

  #request(name, request, end) {
    const { pathname } = new URL(request.url())
    if (pathname.startsWith('/api/')) this.#note(`${name} ${request.method()} ${pathname.replaceAll(/[\w-]{20,}/g, (it) => it.slice(0, 4))}: ${end}`)
  }

  at({ page }) {
    return decodeURIComponent(/^\/activities\/(.+)$/.exec(new URL(page.url()).pathname)?.[1] ?? '')
  }

  async #toList(screen) {
    if (!screen.wide && this.at(screen) !== '') await screen.page.getByLabel('Back to all activities').click(AT_ONCE)
    await screen.page.getByTestId('create-title').waitFor(AT_ONCE)
  }

  async #toDetail(screen, activity) {
    if (this.at(screen) === activity.id) return true
    await this.#toList(screen)
    const row = screen.page.getByTestId(`activity-${activity.id}`)
    if ((await row.count()) === 0) return false
    await row.locator('a').click(AT_ONCE)
    await screen.page.locator('article').getByTestId('participant-count').waitFor(AT_ONCE)
    return true
  }

  #pick(screen, { pick }) {
    const open = this.#activities.find((it) => it.id === this.at(screen))
    // Most of what people do they do where they are.
    return open !== undefined && pick < 0.7 ? open : this.#activities[Math.floor(pick * this.#activities.length)]
  }

  /** All tabs of a person show the same pending writes, so each shows their last tap, with or without a network (Q19). */
  async #agrees(screen, activity) {
    const { page, person } = screen
    const liked = activity.likes.last(person) === 1
    const hearts = page.locator(`[data-testid="like-${activity.id}"],[data-testid="detail-like-${activity.id}"]`)
    const other = page.locator(`:is([data-testid="like-${activity.id}"],[data-testid="detail-like-${activity.id}"])[aria-pressed="${!liked}"]`)
    if ((await hearts.count()) > 0) await other.first().waitFor({ state: 'detached', ...AT_ONCE })
    if (this.at(screen) === activity.id) await page.getByTestId(activity.people.last(person) === 1 ? 'leave' : 'join').waitFor(AT_ONCE)
    this.#floor(screen, activity, 'likes')
    this.#floor(screen, activity, 'people')
  }

  async #count(screen) {
    return Number(await screen.page.getByTestId('cheer-count').textContent(AT_ONCE))
  }

  // --- what people do ---

  async like(screen, step) {
    const activity = this.#pick(screen, step)
    const heart = screen.page.locator(`[data-testid="like-${activity.id}"]`).first()
    if ((await heart.count()) === 0) return this.#also('not here')
    await this.#agrees(screen, activity)
    const liked = 1 - activity.likes.last(screen.person)
    this.#also(`${activity.title} ${liked ? '♥' : 'no more'}`)
    await this.#tap(screen, activity, 'likes', liked, async () => {
      await heart.click(AT_ONCE)
      await this.#agrees(screen, activity)
    })
  }

  async cheer(screen, step) {
    const activity = this.#pick(screen, step)
    if (!(await this.#toDetail(screen, activity))) return this.#also('not here')
    if (await screen.page.getByTestId('cheer').isDisabled(AT_ONCE)) return this.#also('never fetched')
    const count = activity.cheers.last(screen.person) + 1
    this.#also(activity.title)
    await this.#tap(screen, activity, 'cheers', count, async () => {
      const before = await this.#count(screen)
      await screen.page.getByTestId('cheer').click(AT_ONCE)
      await screen.page.waitForFunction((least) => Number(document.querySelector('[data-testid="cheer-count"]').textContent) > least, before, AT_ONCE)
    })
  }

  async message(screen, step) {
    const activity = this.#pick(screen, step)
    if (!(await this.#toDetail(screen, activity))) return this.#also('not here')
    await this.#agrees(screen, activity)
    if (activity.people.last(screen.person) === 0) await this.#going(screen, activity, 1)
    const input = screen.page.getByTestId('message-input')
    if ((await input.count()) === 0) return this.#also('no chat')
    const text = `${screen.person}#${(screen.phone.messages += 1)}`
    this.#also(`${activity.title} ${text}`)
    activity.sent[screen.person].push(text)
    await input.fill(text, AT_ONCE)
    await screen.page.getByTestId('message-send').click(AT_ONCE)
    await screen.page.getByTestId('message-text').filter({ hasText: new RegExp(`^${text}$`) }).waitFor(AT_ONCE)
  }

  async create(screen) {
    await this.#toList(screen)
    const title = `Plan ${this.#activities.length} of ${screen.name}`
    this.#also(title)
    await screen.page.getByTestId('create-title').fill(title, AT_ONCE)
    await screen.page.getByTestId('create-submit').click(AT_ONCE)
    const row = screen.page.locator('li[data-testid^="activity-"]').filter({ hasText: title })
    await row.waitFor(AT_ONCE)
    const id = (await row.getAttribute('data-testid')).slice('activity-'.length)
    this.#know({ id, title, likes: 0, people: 0, going: { [screen.person]: true } })
  }

  async participate(screen, step) {
    const activity = this.#pick(screen, step)
    if (!(await this.#toDetail(screen, activity))) return this.#also('not here')
    await this.#agrees(screen, activity)
    const going = 1 - activity.people.last(screen.person)
    this.#also(`${activity.title} ${going ? 'going' : 'not going'}`)
    await this.#going(screen, activity, going)
  }

  async #going(screen, activity, going) {
    await this.#tap(screen, activity, 'people', going, async () => {
      await screen.page.getByTestId(going === 1 ? 'join' : 'leave').click(AT_ONCE)
      await this.#agrees(screen, activity)
    })
  }

  async open(screen, { pick }) {
    const activity = this.#activities[Math.floor(pick * this.#activities.length)]
    this.#also((await this.#toDetail(screen, activity)) ? activity.title : 'not here')
  }

  async list(screen) {
    await this.#toList(screen)
  }

  async refresh(screen) {
    await this.#toList(screen)
    await screen.page.getByTestId('refresh').click(AT_ONCE)
  }

  async reload(screen) {
    await stored(screen.page)
    await this.#reload(screen)
  }

  async #reload(screen) {
    await screen.page.reload({ waitUntil: 'domcontentloaded' })
    await screen.page.getByTestId('account').waitFor(AT_ONCE)
    for (const activity of this.#activities) await this.#agrees(screen, activity)
  }

  /** Closes the tab, or lets its process crash, and opens it again as browsers do, with its session. */
  async reopen(screen, { roll }) {
    await stored(screen.page)
    await this.#drain()
    const url = screen.page.url()
    const session = await screen.page.evaluate(() => Object.entries(sessionStorage))
    if (roll < 0.4) {
      this.#also('crash')
      await crash(screen.page)
    }
    await screen.page.close()
    const page = await screen.phone.context.newPage()
    page.on('pageerror', (error) => screen.phone.errors.push(error))
    screen.page = page
    this.#listen(screen)
    if (screen.wide) await page.setViewportSize(WIDE)
    await page.addInitScript((entries) => {
      if (sessionStorage.getItem('activities.session') === null) for (const [key, value] of entries) sessionStorage.setItem(key, value)
    }, session)
    await page.goto(url, { waitUntil: 'domcontentloaded' })
    await page.getByTestId('account').waitFor(AT_ONCE)
    for (const activity of this.#activities) await this.#agrees(screen, activity)
  }

  /** The app's own switch: one tab without a network beside one that has it. */
  async tunnel(screen) {
    screen.dark = !screen.dark
    this.#also(screen.dark ? 'enter' : 'leave')
    await screen.page.getByTestId('tunnel').click(AT_ONCE)
  }

  // --- what the world does ---

  async cut({ phone }, { roll }) {
    if (phone.cut !== undefined) return this.#also('is cut')
    phone.cut = ['refuse', 'swallow', 'portal'][Math.floor(roll * 3)]
    this.#also(phone.cut)
    phone.dirty = true
    await phone.network.cut(phone.cut)
  }

  async heal({ phone }) {
    if (phone.cut === undefined) return this.#also('is whole')
    phone.cut = undefined
    await phone.network.heal()
  }

  async loseAnswer({ phone }, { roll }) {
    const line = [/^POST /, /^POST .*\/(cheers|messages) /, /^GET \/api\//, /^DELETE /][Math.floor(roll * 4)]
    this.#also(String(line))
    void phone.network.loseAnswer(line)
  }

  async kill() {
    if (this.#down) return this.#also('is down')
    this.#down = true
    for (const phone of this.world.phones) phone.dirty = true
    this.#dying = this.world.server.kill()
    await this.#dying
  }

  /** An answer stays on the way until `arrive`, while other things happen. */
  async delay({ phone }, { roll }) {
    const line = [/^GET \/api\/activities /, /^GET \/api\/activities\//, /^POST /][Math.floor(roll * 3)]
    this.#also(String(line))
    const held = phone.network.hold(line)
    void held.requestReached.then(() => {
      held.forward()
      if (this.#calm) return passOn(held)
      phone.late.push(held)
    })
  }

  async arrive({ phone }) {
    const late = phone.late.splice(0)
    this.#also(`${late.length}`)
    for (const held of late) void passOn(held)
  }

  /** Dies in the middle of the next write of this person, before or after its commit. */
  async killAtWrite({ phone }) {
    const held = phone.network.hold(/^(POST|DELETE) \/api\//)
    void held.requestReached.then(() => {
      held.forward()
      if (this.#calm) return passOn(held)
      return this.#down ? undefined : this.kill()
    })
  }

  async restart() {
    if (!this.#down) return this.#also('is up')
    await this.#dying
    await this.world.server.start()
    this.#down = false
  }

  async offline({ phone }) {
    phone.offline = true
    phone.dirty = true
    await phone.context.setOffline(true)
  }

  async online({ phone }) {
    await this.#signal(phone)
  }

  /** The device says that it has a network again: the client need not wait for its backoff. */
  async #signal(phone) {
    if (!this.patient) await phone.context.setOffline(true)
    await phone.context.setOffline(false)
    phone.offline = false
    phone.dirty = phone.cut !== undefined || this.#down
  }

  /** Where everything is whole, everything is sent. */
  async settle({ phone, page }) {
    const dark = this.#screens.some((it) => it.phone === phone && it.dark)
    if (this.#down || phone.cut !== undefined || phone.offline || dark || phone.late.length > 0) return this.#also('not now')
    if (phone.dirty) await this.#signal(phone)
    this.#calm = true
    await page.getByTestId('pending-badge').waitFor({ state: 'detached', ...LIMIT })
    this.#calm = false
  }

  async agree(screen) {
    for (const activity of this.#activities) await this.#agrees(screen, activity)
  }

  // --- the end ---

  async finish() {
    this.#say('the end: everything is whole again')
    this.#calm = true
    if (this.#down) await this.restart()
    for (const screen of this.#screens) if (screen.dark) await this.tunnel(screen)
    for (const phone of this.world.phones) {
      if (phone.cut !== undefined) await this.heal({ phone })
      await this.arrive({ phone })
      await this.#signal(phone)
    }
    for (const { page, name } of this.#screens) {
      await page.getByTestId('pending-badge').waitFor({ state: 'detached', ...LIMIT })
      await page.getByTestId('connection-banner').waitFor({ state: 'detached', ...LIMIT })
      this.#say(`${name} has sent everything`)
      assert.equal(await page.getByTestId('parked-badge').count(), 0, `${name} has parked writes`)
    }
    inDatabase(this.world.server, this.#activities)
    for (const screen of this.#screens) await this.#shows(screen)
    await this.#drain()
    assert.deepEqual(this.wrong, [], 'what no screen may ever show')
    legal(this.#screens, this.#activities)
  }

  /** What is in the database is on this screen. */
  async #shows(screen) {
    const { page, person, name } = screen
    const text = async (scope, testId, value) => {
      const found = scope.getByTestId(testId).filter({ hasText: new RegExp(`^${value}$`) })
      await found.first().waitFor(LIMIT).catch(async () => {
        assert.fail(`${name}: ${testId} says ${await scope.getByTestId(testId).first().textContent()}, the truth is ${value}`)
      })
    }
    await page.bringToFront()
    for (const activity of this.#activities) {
      const { id, title, likes, people, cheers } = activity
      await this.#toList(screen)
      await page.getByTestId(`activity-${id}`).waitFor(LIMIT)
      const count = likes.fixed + likes.last('ana') + likes.last('ben')
      await text(page, `like-count-${id}`, count)
      assert.ok(await this.#toDetail(screen, activity))
      await this.#agrees(screen, activity)
      if (screen.wide) await text(page, `detail-like-count-${id}`, count)
      else await text(page, `like-count-${id}`, count)
      await text(page, 'participant-count', people.fixed + people.last('ana') + people.last('ben'))
      await text(page, 'cheer-count', cheers.last('ana') + cheers.last('ben'))
      if (people.last(person) === 0) continue
      const texts = this.world.server.sql(`SELECT text FROM message WHERE activity_id = '${id}' ORDER BY seq`).map((it) => it.text)
      const shown = () => page.getByTestId('message-text').allTextContents()
      await page.getByTestId('message-input').waitFor(LIMIT)
      await page
        .waitForFunction((all) => JSON.stringify([...document.querySelectorAll('[data-testid="message-text"]')].map((it) => it.textContent)) === all, JSON.stringify(texts), LIMIT)
        .catch(async () => assert.deepEqual(await shown(), texts, `${name}: messages of ${title}`))
    }
  }

  /** Takes from each page what it has shown since the last time, with what it can have known. */
  async #drain() {
    for (const screen of this.#screens) {
      const most = (kind, id) => {
        const history = this.#activities.find((it) => it.id === id)?.[kind]
        return history && { ana: history.length('ana'), ben: history.length('ben') }
      }
      for (const { life, key, value, wrong } of await screen.page.evaluate(() => globalThis.__chaosDrain())) {
        if (wrong !== undefined) {
          this.wrong.push(`${screen.name}: ${wrong}`)
          continue
        }
        const [kind, id, place] = key.split(' ')
        const history = kind === 'liked' ? 'likes' : kind
        const known = most(history, id)
        if (known === undefined) continue
        const least = screen.drained?.get(`${history} ${id}`) ?? 0
        screen.seen.push({ key: `${kind} ${id} ${place}`, life, value: kind === 'liked' ? Number(value === 'true') : Number(value), most: known, least })
      }
      screen.drained = new Map(screen.floors)
    }
  }

  report() {
    return [...this.log, '', 'what the pages said:', ...this.#notes.slice(-150)].join('\n')
  }
}
