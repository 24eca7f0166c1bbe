/** A new first key in `JWT_SECRET_KEY` of `.dev.vars`; the former ones stay as long as a token of theirs may live. */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { keyIdOf } from '#auth/jwt'
import { ConfigError, readConfig } from '#config'
import { StartError } from './start-error.ts'

const NAME = 'JWT_SECRET_KEY'
const MINUTE_MS = 60_000
/** The running server signs with the former key until it is started again. */
const RESTART_WITHIN_MS = 24 * 60 * MINUTE_MS

/** The line before the setting, by which a later rotation knows which keys nothing needs any more. */
const NOTE = '# Keys that only verify, by their kid, and until when they are needed:'
const NOTED = /([\w-]{8})=(\S+)/g

export interface Rotation {
  /** How many former keys verify still. */
  readonly kept: number
  /** How many were taken away. */
  readonly dropped: number
}

function readNotes(lines: readonly string[]): Map<string, number> {
  const note = lines.find((line) => line.startsWith(NOTE)) ?? ''
  return new Map(
    [...note.slice(NOTE.length).matchAll(NOTED)].map(([, kid = '', until = '']) => [kid, Date.parse(until)]),
  )
}

/** The value as the server reads it: checked, with every problem by name. */
function readKeys(settings: NodeJS.Dict<string>): { keys: readonly string[]; tokenLifeMs: number } {
  try {
    const { JWT_SECRET_KEY: keys, JWT_ACCESS_TOKEN_EXPIRE_MINUTES: minutes } = readConfig({ ...settings })
    return { keys, tokenLifeMs: minutes * MINUTE_MS }
  } catch (error) {
    throw error instanceof ConfigError ? new StartError(error.message) : error
  }
}

/**
 * Rotates the keys in a file. Whoever is logged in stays so.
 *
 * @param file `.dev.vars`
 * @param now Unix milliseconds
 * @throws StartError when the keys stand elsewhere, or cannot be used
 */
export function rotateKeys(
  file: string,
  environment: Readonly<Record<string, string | undefined>>,
  now: number,
): Rotation {
  if (environment[NAME] !== undefined && environment[NAME] !== '')
    throw new StartError(
      `${NAME} comes from the environment: put the new key before the former one there, with a comma`,
    )
  if (!existsSync(file)) throw new StartError(`there is no ${file}: npm start makes one`)
  const text = readFileSync(file, 'utf8')
  const { keys, tokenLifeMs } = readKeys(parseEnv(text))
  const lines = text.split('\n')
  // Of several lines the last one counts.
  const at = lines.findLastIndex((line) => new RegExp(`^\\s*(export\\s+)?${NAME}\\s*=`).test(line))
  if (at < 0) throw new StartError(`${file} has no line ${NAME}=…`)

  const notes = readNotes(lines)
  const until = now + tokenLifeMs + RESTART_WITHIN_MS
  const former = keys
    .map((key, index) => ({ key, kid: keyIdOf(key), until: index === 0 ? until : undefined }))
    // One that somebody has put there by hand has no date yet.
    .map((entry) => ({ ...entry, until: entry.until ?? notes.get(entry.kid) ?? until }))
  const kept = former.filter((entry) => entry.until > now)
  const note = `${NOTE} ${kept.map((entry) => `${entry.kid}=${new Date(entry.until).toISOString()}`).join(' ')}`
  const value = [randomBytes(32).toString('base64url'), ...kept.map(({ key }) => key)].join(',')
  const changed = [...lines.slice(0, at), note, `${NAME}=${value}`, ...lines.slice(at + 1)]
  const others = changed.filter((line) => !line.startsWith(NOTE) || line === note)
  // Whole or not at all: half a file would lock everybody out.
  const draft = `${file}.${process.pid}.new`
  writeFileSync(draft, others.join('\n'), { mode: 0o600, flag: 'wx' })
  renameSync(draft, file)
  return { kept: kept.length, dropped: former.length - kept.length }
}
