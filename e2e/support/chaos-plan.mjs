// What a chaos run does, from its seed alone: no step depends on what a screen showed, so that a seed is the whole story of a run.

/** mulberry32: small, and the same everywhere. */
export function random(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let it = Math.imul(state ^ (state >>> 15), 1 | state)
    it = (it + Math.imul(it ^ (it >>> 7), 61 | it)) ^ it
    return ((it ^ (it >>> 14)) >>> 0) / 2 ** 32
  }
}

const WEIGHTS = {
  like: 7,
  cheer: 8,
  message: 8,
  create: 2,
  participate: 1.5,
  open: 4,
  list: 2,
  refresh: 2,
  reload: 2,
  reopen: 2.5,
  cut: 3,
  heal: 4,
  loseAnswer: 3,
  delay: 4,
  arrive: 2,
  tunnel: 1.5,
  kill: 1,
  killAtWrite: 1,
  restart: 3,
  offline: 2,
  online: 3,
  settle: 2,
  agree: 2,
}

const TOTAL = Object.values(WEIGHTS).reduce((sum, it) => sum + it, 0)

/** Steps `{kind, screen, pick, roll}`: which screen, which of the things on it, and how. `pick` and `roll` are in [0, 1). */
export function plan(seed, { steps, screens }) {
  const next = random(seed)
  return Array.from({ length: steps }, () => {
    let left = next() * TOTAL
    const kind = Object.keys(WEIGHTS).find((it) => (left -= WEIGHTS[it]) < 0)
    return { kind, screen: Math.floor(next() * screens), pick: next(), roll: next() }
  })
}
