/**
 * `npm run test:faults`: attacks every promise on the real server, and says what was lost.
 *
 *     npm run test:faults -- --short          every attack, within two minutes
 *     npm run test:faults -- --seed 7         the same chance again (or FAULTS_SEED)
 *     npm run test:faults -- --seconds 300    less time for the parts that go on for as long as there is some
 *     npm run test:faults -- kills junk       these attacks alone
 */
import { parseArgs } from 'node:util'
import { createClient } from '#tests/e2e/support/client'
import { startServer, type TestServer } from '#tests/support/server'
import { createChance } from '#tests/unit/core/random'
import { startHttpServer } from '#tests/worker/support/http-server'
import { decideUnderKills, loseAlarms } from './decisions.ts'
import { fillUnderLoad } from './disk.ts'
import { floodBeside } from './flood.ts'
import { sendJunk } from './junk.ts'
import { killUnderLoad } from './kills.ts'
import { createLedger } from './ledger.ts'
import { losePostgres } from './postgres.ts'
import { startStorms } from './storms.ts'
import { cutStreams, readSlowly } from './streams.ts'
import { type Ground, SERVER_ENV, type World } from './world.ts'

const FULL_SECONDS = 600
const SHORT_SECONDS = 110
const SHOWN_CHARS = 20_000

/** How much of it: the share is of the time; what goes on in rounds ends after its count. */
interface Attack {
  readonly name: string
  readonly share: number
  /** With a server of its own it gets the world alone. */
  readonly run: (ground: Ground, untilMs: number, isShort: boolean) => Promise<void>
}

const ATTACKS: readonly Attack[] = [
  { name: 'kills', share: 0.42, run: (ground, until, isShort) => killUnderLoad(ground, isShort ? 8 : 200, until) },
  { name: 'storms', share: 0, run: (ground, _, isShort) => startStorms(ground, isShort ? 2 : 8, isShort ? 1 : 4) },
  { name: 'decisions', share: 0, run: (ground, _, isShort) => decideUnderKills(ground, isShort ? 1 : 6) },
  { name: 'alarms', share: 0, run: (ground) => loseAlarms(ground) },
  {
    name: 'streams',
    share: 0,
    async run(ground, _, isShort) {
      await cutStreams(ground, isShort ? [1, 7] : [1, 2, 3, 4, 5, 6, 7, 11, 13, 50], isShort ? 20 : 80)
      await readSlowly(ground, isShort ? 2 : 20, isShort ? 300 : 1_000)
    },
  },
  { name: 'junk', share: 0.18, run: (ground, until, isShort) => sendJunk(ground, isShort ? 1_500 : 20_000, until) },
  { name: 'flood', share: 0, run: (ground, _, isShort) => floodBeside(ground, isShort ? 3 : 20) },
]

/** Those that take a server of their own apart. */
const ALONE: readonly { name: string; run: (world: World, isShort: boolean) => Promise<void> }[] = [
  { name: 'postgres', run: (world, isShort) => losePostgres(world, isShort ? 1 : 8) },
  { name: 'disk', run: (world, isShort) => fillUnderLoad(world, isShort ? 1 : 4) },
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

async function attack(world: World): Promise<void> {
  const log = (name: string): void => console.log(`${seconds().padStart(6)}  ${name}`)
  const shared = ATTACKS.filter(isWanted)
  if (shared.length > 0) {
    const server = await startServer({ env: SERVER_ENV })
    try {
      const ground = { ...world, server, ana: await createClient(server.url) }
      for (const { name, share, run } of shared) {
        log(name)
        await run(ground, performance.now() + share * totalMs, isShort).catch((error: unknown) => {
          ledger.expect('P5', false, () => `${name} broke off: ${error instanceof Error ? error.stack : String(error)}`)
        })
      }
    } finally {
      await endServer(server, world)
    }
  }
  for (const { name, run } of ALONE.filter(isWanted)) {
    log(name)
    await run(world, isShort)
  }
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
try {
  await attack({ chance: createChance(seed), ledger, http })
} finally {
  await http.stop()
  console.log(
    `\n${ledger.toText()}\n\nseed ${seed}, ${seconds()}: ${ledger.losses() === 0 ? 'nothing was lost' : `${ledger.losses()} LOSSES`}`,
  )
}
// Sockets that nobody closed keep nothing open.
process.exit(ledger.losses() === 0 ? 0 : 1)
