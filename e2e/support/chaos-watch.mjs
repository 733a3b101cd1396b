// What every screen has shown, and whether a legal history can have shown it.
//
// The rule. A number on a screen is `fixed + own + other`: what others who take no part gave, what this person did and what the other
// person did. Each of the two has a history: the states after each of their taps. Within one life of a page, on one place of the screen,
// each change is explained by moving forward in these histories, never back, never beyond what was tapped so far, and, for what was
// tapped on this very screen, never from before that tap. So cheers never decrease, a like shows 1, 2 and nothing else, and a count
// changes at most as often as somebody tapped. There are no exceptions within a life. A new life may begin at an older state of the
// other person (what was heard last need not be on disk), never at one from before an own tap that was durable.

/** Runs in the page before its scripts. Hands out what was seen since the last time, over reloads too. */
export function watcher() {
  const KEY = 'chaos.seen'
  const life = performance.timeOrigin
  const last = new Map()
  const shown = new Map()
  const told = new Set()
  let seen = JSON.parse(sessionStorage.getItem(KEY) ?? '[]')
  sessionStorage.removeItem(KEY)

  const see = (key, value) => {
    if (last.get(key) === value) return
    last.set(key, value)
    seen.push({ life, key, value })
  }
  const wrong = (text) => {
    if (told.has(text)) return
    told.add(text)
    seen.push({ life, wrong: text })
  }
  const idOf = (element) => element.dataset.testid.replace(/^(detail-)?like-(count-)?/, '')

  const look = () => {
    const rows = [...document.querySelectorAll('li[data-testid^="activity-"]')].map((it) => it.dataset.testid)
    if (new Set(rows).size < rows.length) wrong(`an activity stands twice in the list: ${rows}`)
    for (const heart of document.querySelectorAll('[data-testid*="like-"][aria-pressed]')) {
      const place = heart.closest('article') === null ? 'list' : 'detail'
      see(`liked ${idOf(heart)} ${place}`, heart.getAttribute('aria-pressed'))
      see(`likes ${idOf(heart)} ${place}`, heart.querySelector('[data-testid*="like-count-"]').textContent)
    }
    const article = document.querySelector('article')
    const heart = article?.querySelector('[data-testid*="like-"][aria-pressed]')
    if (!heart) return
    const id = idOf(heart)
    for (const [key, testId] of [['cheers', 'cheer-count'], ['people', 'participant-count']]) {
      const text = article.querySelector(`[data-testid="${testId}"]`)?.textContent
      if (text !== undefined) see(`${key} ${id} detail`, text)
    }
    messages(article, id)
  }

  const messages = (article, id) => {
    const texts = [...article.querySelectorAll('[data-testid="message-text"]')].map((it) => it.textContent)
    if (texts.length === 0) return
    if (new Set(texts).size < texts.length) wrong(`a message stands twice in ${id}: ${texts}`)
    const before = shown.get(id) ?? []
    const lost = before.filter((it) => !texts.includes(it))
    if (lost.length > 0) wrong(`messages went away in ${id}: ${lost}; left are ${texts}`)
    shown.set(id, texts)
    const newest = {}
    for (const text of texts) {
      const [person, number] = text.split('#')
      if (Number(number) < (newest[person] ?? 0)) wrong(`messages of ${person} stand in another order in ${id}: ${texts}`)
      newest[person] = Number(number)
    }
  }

  new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ['aria-pressed'] })
  addEventListener('pagehide', () => sessionStorage.setItem(KEY, JSON.stringify(seen)))
  globalThis.__chaosDrain = () => seen.splice(0)
}

/** The histories of one number: `fixed`, and per person the states after each tap, the first one before any. */
export class History {
  constructor(fixed, states) {
    this.fixed = fixed
    this.states = states
  }

  push(person, state) {
    this.states[person].push(state)
  }

  last(person) {
    return this.states[person].at(-1)
  }

  length(person) {
    return this.states[person].length
  }

  /**
   * `seen`: `{life, value, most, least}` in order, with how many states of each person there were at most, and which own one was on
   * this screen at least. Answers what cannot be, or undefined.
   */
  check(person, seen, { own = false } = {}) {
    const [me, ...others] = Object.keys(this.states).sort((a) => (a === person ? -1 : 1))
    const other = others[0]
    let life
    let places = []
    for (const [at, it] of seen.entries()) {
      if (it.life !== life) {
        life = it.life
        places = [[0, 0]]
      }
      const next = []
      for (let mine = it.least; mine < it.most[me]; mine += 1) {
        for (let theirs = 0; theirs < (own ? 1 : it.most[other]); theirs += 1) {
          const value = own ? this.states[me][mine] : this.fixed + this.states[me][mine] + this.states[other][theirs]
          if (value === it.value && places.some(([a, b]) => a <= mine && b <= theirs)) next.push([mine, theirs])
        }
      }
      if (next.length === 0) return { at, value: it.value, least: it.least, seen: seen.filter((one) => one.life === life).map((one) => one.value) }
      places = next
    }
    return undefined
  }
}
