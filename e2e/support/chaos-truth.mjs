// What must be true when a chaos run is over: in the database, and of everything that the screens have shown.
import assert from 'node:assert/strict'

/** What was tapped is in the database: exactly once, and in order. */
export function inDatabase(server, activities) {
  const titles = server.sql('SELECT title FROM activity').map((it) => it.title)
  assert.deepEqual(titles.filter((it) => it.startsWith('Plan') || it === 'Swim at dawn').sort(), activities.map((it) => it.title).sort())
  for (const { id, title, likes, people, cheers, sent } of activities) {
    const users = (table) => server.sql(`SELECT user_id AS id FROM ${table} WHERE activity_id = '${id}'`).map((it) => it.id)
    for (const person of ['ana', 'ben']) {
      assert.equal(users('activity_like').includes(person), likes.last(person) === 1, `${person} likes ${title}`)
      assert.equal(users('participant').includes(person), people.last(person) === 1, `${person} goes to ${title}`)
      const said = server.sql(`SELECT text FROM message WHERE activity_id = '${id}' AND sender_id = '${person}' ORDER BY seq`)
      assert.deepEqual(said.map((it) => it.text), sent[person], `messages of ${person} in ${title}`)
    }
    const [row] = server.sql(`SELECT cheers FROM activity WHERE id = '${id}'`)
    assert.equal(row.cheers, cheers.last('ana') + cheers.last('ben'), `cheers of ${title}`)
  }
}

/** No screen has shown what no legal history can give. */
export function legal(screens, activities) {
  for (const screen of screens) {
    assert.ok(screen.seen.length >= 2 * activities.length, `${screen.name} was watched`)
    for (const key of new Set(screen.seen.map((it) => it.key))) {
      const [kind, id] = key.split(' ')
      const activity = activities.find((it) => it.id === id)
      const history = activity[kind === 'liked' ? 'likes' : kind]
      const fault = history.check(screen.person, screen.seen.filter((it) => it.key === key), { own: kind === 'liked' })
      assert.equal(fault, undefined, `${screen.name} has shown what cannot be: ${key} (${activity.title}), ${JSON.stringify(fault)}, from ${JSON.stringify(history)}`)
    }
  }
}
