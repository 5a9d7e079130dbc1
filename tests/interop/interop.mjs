// The official client joins the server at $OPSWALL_DEMO_URL, is told SUBSCRIBED and "Subscribed to PostgreSQL", and
// receives an insert, an update and a delete that it asks the control endpoint for; then it follows the private channel. One line says how it went.
import { RealtimeClient } from '@supabase/realtime-js'
import WebSocket from 'ws'

const url = process.env.OPSWALL_DEMO_URL
const version = process.env.OPSWALL_DEMO_VSN
if (!url) fail('OPSWALL_DEMO_URL is not set')

function fail(text) {
  console.log(`interop failed: ${text}`)
  process.exit(1)
}

const seen = { statuses: [], changes: [] }
const deadline = setTimeout(() => fail(`nothing more came in 30 s; so far ${JSON.stringify(seen)}`), 30_000)

async function until(what, test) {
  while (!test()) await new Promise((resolve) => setTimeout(resolve, 20))
  console.log(`ok: ${what}`)
}

async function control(call) {
  const answer = await fetch(`${url}/demo/control`, { method: 'POST', body: JSON.stringify(call) })
  const done = await answer.json()
  if (!answer.ok) fail(`the control call was refused: ${done.error}`)
  return done
}

const options = { params: { apikey: 'demo' }, transport: WebSocket }
if (version) options.vsn = version
const client = new RealtimeClient(`${url.replace(/^http/, 'ws')}/realtime/v1`, options)
const channel = client.channel('opswall')
let confirmed = false
for (const table of ['agents', 'tasks', 'workflows']) {
  channel.on('postgres_changes', { event: '*', schema: 'public', table }, (change) => seen.changes.push(change))
}
channel.on('system', {}, (message) => {
  if (message.status !== 'ok') fail(`system: ${message.message}`)
  confirmed = true
})
channel.subscribe((status, error) => {
  seen.statuses.push(status)
  if (status === 'CHANNEL_ERROR' || status === 'TIMED_OUT') fail(`${status} ${error?.message ?? ''}`)
})

await until('SUBSCRIBED', () => seen.statuses.includes('SUBSCRIBED'))
await until('Subscribed to PostgreSQL', () => confirmed)

const { id } = await control({ do: 'insert', table: 'tasks', row: { title: 'by hand', status: 'queued', progress: 0 } })
await control({ do: 'update', table: 'tasks', id, row: { status: 'in_progress', progress: 40 } })
await control({ do: 'delete', table: 'tasks', id })
const mine = () => seen.changes.filter((change) => (change.new.id ?? change.old.id) === id)
await until('INSERT, UPDATE, DELETE', () => mine().length === 3)

const [inserted, updated, deleted] = mine()
const checks = [
  ['the events are named', mine().map((change) => change.eventType).join() === 'INSERT,UPDATE,DELETE'],
  ['the table is named', mine().every((change) => change.schema === 'public' && change.table === 'tasks')],
  ['the inserted row is whole', inserted.new.title === 'by hand' && inserted.new.progress === 0],
  ['the updated row is whole', updated.new.title === 'by hand' && updated.new.progress === 40],
  ['the old row is its key', JSON.stringify(updated.old) === JSON.stringify({ id })],
  ['the deleted row is its key', JSON.stringify(deleted.old) === JSON.stringify({ id })],
  ['nothing is wrong with them', mine().every((change) => change.errors === null)],
  ['the commit has a time', mine().every((change) => !Number.isNaN(Date.parse(change.commit_timestamp)))],
]
for (const [what, holds] of checks) {
  if (!holds) fail(`not true: ${what}; ${JSON.stringify(mine())}`)
}

// The private channel, on which the database broadcasts the same changes; and what it missed, after a join with a replay.
const messagesOf = (replay) => {
  const messages = []
  const broadcast = { ack: false, self: false, ...(replay ? { replay } : {}) }
  const joined = client.channel('opswall', { config: { private: true, broadcast } })
  joined.on('broadcast', { event: '*' }, (message) => messages.push(message))
  joined.subscribe((status, error) => {
    if (status === 'CHANNEL_ERROR') fail(`the private channel: ${error?.message ?? ''}`)
    if (status === 'SUBSCRIBED') messages.joined = true
  })
  return [joined, messages]
}
if ((await channel.unsubscribe()) !== 'ok') fail('the first channel could not be left')
const since = Date.now() - 1000
const [privately, live] = messagesOf()
await until('the private channel', () => live.joined)
const written = await control({ do: 'insert', table: 'tasks', row: { title: 'broadcast', status: 'queued' } })
await control({ do: 'delete', table: 'tasks', id: written.id })
const ours = (messages) =>
  messages.filter(({ payload }) => (payload.record ?? payload.old_record).id === written.id)
await until('both messages', () => ours(live).length === 2)
const [insertion, deletion] = ours(live)
for (const [what, holds] of [
  ['the message of an insert', insertion.event === 'INSERT' && insertion.payload.record.title === 'broadcast'],
  ['it names its table', insertion.payload.schema === 'public' && insertion.payload.table === 'tasks'],
  ['the message of a delete', deletion.payload.record === null && deletion.payload.old_record.title === 'broadcast'],
]) {
  if (!holds) fail(`not true: ${what}; ${JSON.stringify(ours(live))}`)
}
if ((await privately.unsubscribe()) !== 'ok') fail('the private channel could not be left')
await control({ do: 'pause' })
const last = await control({ do: 'insert', table: 'tasks', row: { title: 'missed', status: 'queued' } })
const [again, replayed] = messagesOf({ since, limit: 25 })
await until('the replay', () => replayed.some(({ payload }) => payload.record?.id === last.id))
if (!replayed.every(({ meta }) => meta?.replayed === true)) fail('a replayed message is not marked')
const left = await again.unsubscribe()
if (left !== 'ok') fail(`leaving gave ${left}`)
client.disconnect()
clearTimeout(deadline)
console.log('interop passed')
process.exit(0)
