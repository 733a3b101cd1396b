// The app's database: its one table, and transactions. Knows nothing of Tidewire.
import pg from 'pg'

export async function open(url) {
  const pool = new pg.Pool({ connectionString: url })
  await pool.query(`CREATE TABLE IF NOT EXISTS note (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, author text NOT NULL, text text NOT NULL
  )`)
  return pool
}

/** Runs `work` in one transaction: all of it, or nothing. */
export async function transaction(pool, work, mode = 'READ COMMITTED') {
  const tx = await pool.connect()
  try {
    await tx.query(`BEGIN ISOLATION LEVEL ${mode}`)
    const result = await work(tx)
    await tx.query('COMMIT')
    return result
  } catch (error) {
    await tx.query('ROLLBACK')
    throw error
  } finally {
    tx.release()
  }
}
