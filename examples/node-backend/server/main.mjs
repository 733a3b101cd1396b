// `DATABASE_URL=postgres://... node server/main.mjs [step ...]`
import { startApp } from './app.mjs'

const named = process.argv.slice(2)
const { url } = await startApp({
  database: process.env.DATABASE_URL ?? 'postgres://localhost/notes',
  steps: named.length === 0 ? ['once', 'history', 'writeId'] : named,
  port: Number(process.env.PORT ?? 4690),
})
console.log(`listening on ${url}`)
