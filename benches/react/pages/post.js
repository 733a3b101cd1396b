// How the peers' own functions send a write, as their guides do: an answer that is none throws.
export async function post(path, body, key) {
  const answer = await fetch(path, { method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json', ...(key && { 'Idempotency-Key': `"${key}"` }) } })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${answer.status} ${text}`)
  return JSON.parse(text)
}
