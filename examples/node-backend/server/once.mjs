// Recipe 1: a write that comes twice is applied once. The key, the effect and the answer are one transaction, so no crash comes between them.
import { createHash } from 'node:crypto'
import { transaction } from './database.mjs'

export const ONCE_TABLE = `CREATE TABLE IF NOT EXISTS answered (
  person text, key text, request text NOT NULL, status int, body json, made timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (person, key)
)`

/** Thrown to refuse: nothing of the transaction stays, the key neither, so that the same write may be corrected and tried again. */
export class Refused extends Error {
  constructor(status, code) {
    super(code)
    this.status = status
    this.body = { error: { code } }
  }
}

/**
 * `key`: what the client sent as `Idempotency-Key`. `request`: everything that makes the write what it is.
 * Answers `{ status, body }`: what `work(tx)` answered, now or the first time.
 */
export function once(pool, { person, key, request }, work) {
  const hash = createHash('sha256').update(request).digest('hex')
  return transaction(pool, async (tx) => {
    // Waits here while the same key is under way in another transaction, on whichever server.
    const mine = await tx.query('INSERT INTO answered (person, key, request) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [person, key, hash])
    if (mine.rowCount === 0) {
      const { rows } = await tx.query('SELECT request, status, body FROM answered WHERE person = $1 AND key = $2', [person, key])
      if (rows[0].request !== hash) throw new Refused(422, 'key-reused')
      return { status: rows[0].status, body: rows[0].body }
    }
    const answer = await work(tx)
    await tx.query('UPDATE answered SET status = $3, body = $4 WHERE person = $1 AND key = $2', [person, key, answer.status, JSON.stringify(answer.body)])
    return answer
  })
}
