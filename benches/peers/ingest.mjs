// The reference of `opswall bench ingest`: the official client on the same frames. It prints "ready" when it is
// subscribed, counts the changes that its callbacks receive, and prints the CPU time that this took.
import { RealtimeClient } from '@supabase/realtime-js'
import WebSocket from 'ws'

const url = process.env.OPSWALL_BENCH_URL
const expected = Number(process.env.OPSWALL_BENCH_CHANGES)

function fail(text) {
  console.error(`the reference failed: ${text}`)
  process.exit(1)
}

setTimeout(() => fail(`${changes} of ${expected} changes in 10 min`), 600_000).unref()

// No heartbeat falls into a run.
const options = { params: { apikey: 'bench' }, transport: WebSocket, vsn: '2.0.0', heartbeatIntervalMs: 3_600_000 }
const client = new RealtimeClient(url, options)
const channel = client.channel('opswall-1')
let changes = 0
let before
let started
for (const table of ['agents', 'tasks', 'workflows']) {
  channel.on('postgres_changes', { event: '*', schema: 'public', table }, () => {
    changes += 1
    if (changes === expected) finish()
  })
}
channel.on('system', {}, (message) => {
  if (message.status !== 'ok') fail(message.message)
  before = process.cpuUsage()
  started = performance.now()
  console.log('ready')
})
channel.subscribe((status, error) => {
  if (status !== 'SUBSCRIBED') fail(`${status} ${error?.message ?? ''}`)
})

function finish() {
  const { user, system } = process.cpuUsage(before)
  const wall_s = (performance.now() - started) / 1e3
  console.log(JSON.stringify({ changes, cpu_s: (user + system) / 1e6, wall_s }))
  process.exit(0)
}
