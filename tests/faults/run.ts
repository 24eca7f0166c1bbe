/**
 * `npm run test:faults`: attacks every promise on the real server, and says what was lost.
 *
 *     npm run test:faults -- --short          every attack, within two minutes
 *     npm run test:faults -- --seed 7         the same chance again (or FAULTS_SEED)
 *     npm run test:faults -- --seconds 300    less time for the parts that go on for as long as there is some
 *     npm run test:faults -- kills junk       these attacks alone
 *
 * docs/performance.md says what each of them does.
 */
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { createClient } from '#tests/e2e/support/client'
import { startServer, type TestServer } from '#tests/support/server'
import { createChance } from '#tests/unit/core/random'
import { startHttpServer } from '#tests/worker/support/http-server'
import { killChats } from './chats.ts'
import { decideUnderKills, loseAlarms } from './decisions.ts'
import { fillUnderLoad } from './disk.ts'
import { floodBeside } from './flood.ts'
import { freezeUnderLoad } from './freeze.ts'
import { sendJunk } from './junk.ts'
import { countKills, killUnderLoad } from './kills.ts'
import { createLedger } from './ledger.ts'
import { losePostgres } from './postgres.ts'
import { startStorms } from './storms.ts'
import { readChatSlowly, readRunSlowly } from './slow-readers.ts'
import { cutStreams } from './streams.ts'
import { startWords } from './words.ts'
import { type Ground, serverEnv, type World } from './world.ts'

const FULL_SECONDS = 600
const SHORT_SECONDS = 110
const SHOWN_CHARS = 20_000

/** One attack: what goes on in rounds ends after its count, some of it also at `untilMs`, whose `share` is of the whole time. */
interface Attack<Place extends World> {
  readonly name: string
  readonly share?: number
  readonly run: (place: Place, isShort: boolean, untilMs: number) => Promise<void>
}

/** One after the other, all on one server. */
const KILLS: readonly Attack<Ground>[] = [
  { name: 'kills', share: 0.58, run: (ground, isShort, until) => killUnderLoad(ground, isShort ? 8 : 200, until) },
]
const OTHERS: readonly Attack<Ground>[] = [
  {
    name: 'chats',
    run: (ground, isShort) => killChats(ground, isShort ? 2 : 10, isShort ? [1, 5] : [1, 2, 3, 5, 8]),
  },
  { name: 'storms', run: (ground, isShort) => startStorms(ground, isShort ? 2 : 8, isShort ? 1 : 4) },
  { name: 'decisions', run: (ground, isShort) => decideUnderKills(ground, isShort ? 1 : 6) },
  { name: 'alarms', run: (ground) => loseAlarms(ground) },
  {
    name: 'streams',
    async run(ground, isShort) {
      await cutStreams(ground, isShort ? [1, 7] : [1, 2, 3, 4, 5, 6, 7, 11, 13, 50], isShort ? 20 : 80)
      await readRunSlowly(ground, isShort ? 2 : 12, isShort ? 100 : 500)
      await readChatSlowly(ground, isShort ? 2 : 12)
    },
  },
  {
    name: 'freeze',
    run: (ground, isShort) =>
      freezeUnderLoad(ground, isShort ? ['PostgreSQL'] : ['PostgreSQL', 'its backends', 'workerd', 'its backends']),
  },
]
/** When all else is over: what is measured wants the machine for itself. */
const LAST: readonly Attack<Ground>[] = [
  { name: 'flood', run: (ground, isShort) => floodBeside(ground, isShort ? 5 : 20) },
]

/** Meanwhile, each on a server of its own: most of an attack is waiting. */
const BESIDE_KILLS: readonly Attack<World>[] = [
  { name: 'postgres', run: (world, isShort) => losePostgres(world, isShort ? 1 : 8) },
  { name: 'disk', run: (world, isShort) => fillUnderLoad(world, isShort ? 1 : 4) },
]
const BESIDE_OTHERS: readonly Attack<World>[] = [
  {
    name: 'junk',
    share: 0.4,
    run: (world, isShort, until) => onServer(world, (ground) => sendJunk(ground, isShort ? 1_500 : 20_000, until)),
  },
]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { short: { type: 'boolean', default: false }, seed: { type: 'string' }, seconds: { type: 'string' } },
})
const isShort = values.short
const isWanted = ({ name }: { name: string }): boolean => positionals.length === 0 || positionals.includes(name)
const began = performance.now()
const seconds = (): string => `${((performance.now() - began) / 1_000).toFixed(0)} s`
const totalMs =
  1_000 * Number(values.seconds ?? process.env['FAULTS_SECONDS'] ?? (isShort ? SHORT_SECONDS : FULL_SECONDS))

async function attackAll<Place extends World>(place: Place, attacks: readonly Attack<Place>[]): Promise<void> {
  for (const { name, share = 1, run } of attacks.filter(isWanted)) {
    console.log(`${seconds().padStart(6)}  ${name}`)
    await run(place, isShort, performance.now() + share * totalMs).catch((error: unknown) => {
      const text = error instanceof Error ? error.stack : String(error)
      place.ledger.expect('P5', false, () => `${name} broke off: ${text}`)
    })
  }
}

async function onServer(world: World, work: (ground: Ground) => Promise<void>): Promise<void> {
  const server = await startServer({ env: serverEnv(world) })
  try {
    await work({ ...world, server, ana: await createClient(server.url) })
  } finally {
    await endServer(server, world)
  }
}

async function attack(world: World): Promise<void> {
  const isAny = [...KILLS, ...OTHERS, ...LAST].some(isWanted)
  if (!isAny) return attackAll(world, [...BESIDE_KILLS, ...BESIDE_OTHERS])
  await onServer(world, async (ground) => {
    await Promise.all([attackAll(ground, KILLS), attackAll(world, BESIDE_KILLS)])
    await Promise.all([attackAll(ground, OTHERS), attackAll(world, BESIDE_OTHERS)])
    await attackAll(ground, LAST)
  })
}

/** What a loss is to be looked for in stays: what the server printed last, and its data. */
async function endServer(server: TestServer, { ledger }: World): Promise<void> {
  if (ledger.losses() === 0) return server.remove()
  console.error(`what the server printed last:\n${server.output().slice(-SHOWN_CHARS)}\nits data: ${server.dataDir}`)
  await server.stop()
}

const seed = Number(values.seed ?? process.env['FAULTS_SEED'] ?? Date.now() % 1_000_000)
console.log(`seed ${seed}`)
const ledger = createLedger()
const http = await startHttpServer()
const model = await startWords()
try {
  await attack({ chance: createChance(seed), ledger, http, model })
} finally {
  await http.stop()
  await model.stop()
  const outcome = ledger.losses() === 0 ? 'nothing was lost' : `${ledger.losses()} LOSSES`
  console.log(
    `\n${ledger.toText()}\n\nseed ${seed}, ${seconds()}, ${countKills()} SIGKILLs, load ${loadavg()[2]?.toFixed(1)}: ${outcome}`,
  )
}
// Sockets that nobody closed keep nothing open.
process.exit(ledger.losses() === 0 ? 0 : 1)
