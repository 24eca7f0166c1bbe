/** `synapscale pull | push | validate`: workflows between a server and a folder of files. */
import { parseArgs } from 'node:util'
import { createApi } from './api.ts'
import { CliError, readLocale, sayIn } from './messages.ts'
import { pull } from './pull.ts'
import { push } from './push.ts'
import { validate } from './validate.ts'

const FOLDER = 'workflows'
const OPTIONS = {
  force: { type: 'boolean', default: false },
  publish: { type: 'boolean', default: false },
  'dry-run': { type: 'boolean', default: false },
  notes: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const
/** Which of them a command takes. */
const TAKES: Readonly<Record<string, readonly string[]>> = {
  pull: ['force'],
  push: ['publish', 'dry-run', 'notes'],
  validate: [],
}

const locale = readLocale(process.env)
const say = sayIn(locale)

async function run(argv: readonly string[]): Promise<number> {
  const { values, positionals, tokens } = read(argv)
  if (values.help) {
    console.log(say('usage'))
    return 0
  }
  const [command = '', ...paths] = positionals
  const takes = TAKES[command]
  const isOdd = tokens.some((token) => token.kind === 'option' && !(takes ?? []).includes(token.name))
  if (takes === undefined || isOdd || (command !== 'validate' && paths.length > 1)) throw new CliError(say('usage'), 2)
  if (command === 'validate') return validate(paths.length === 0 ? [FOLDER] : paths, locale, say)
  const api = createApi(process.env, locale, say)
  const [directory = FOLDER] = paths
  if (command === 'pull') return pull(api, directory, values.force, say)
  const options = { isDry: values['dry-run'], publishes: values.publish, notes: values.notes }
  return push(api, directory, options, locale, say)
}

function read(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true, tokens: true })
  } catch (error) {
    throw new CliError(`${error instanceof Error ? error.message : String(error)}\n\n${say('usage')}`, 2)
  }
}

try {
  process.exitCode = await run(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof CliError)) throw error
  console.error(error.message)
  process.exitCode = error.exitCode
}
