// As much of vitest as the conformance suites use, for a page: it collects the cases and somebody else runs them.
// An assertion that is not here is no function, so a case that needs one fails.

/** What `it` has heard: a name and a function that rejects if the case fails. */
export const cases = []

export const describe = (_name, body) => body()
export const it = (name, run) => cases.push({ name, run })

export function expect(actual) {
  const must = (holds, what, expected) => {
    if (!holds) throw new Error(`expected ${show(actual)} ${what} ${show(expected)}`)
  }
  return {
    toBe: (expected) => must(Object.is(actual, expected), 'to be', expected),
    toEqual: (expected) => must(same(actual, expected), 'to equal', expected),
    toBeGreaterThan: (expected) => must(actual > expected, 'to be greater than', expected),
  }
}

function same(one, other) {
  if (Object.is(one, other)) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false
  if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return false
  const keys = Object.keys(one)
  return keys.length === Object.keys(other).length && keys.every((key) => Object.hasOwn(other, key) && same(one[key], other[key]))
}

const show = (value) => (value instanceof Uint8Array ? `bytes ${value}` : JSON.stringify(value))
