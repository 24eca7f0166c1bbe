/**
 * New first keys in `.dev.vars`. A former JWT key stays as long as a token of its may live; a former encryption key
 * until nothing is stored under it any more (`rotate-secrets.ts`).
 */
import { randomBytes } from 'node:crypto'
import { keyIdOf } from '#auth/jwt'
import type { EncryptionKeys } from '#auth/secret-box'
import { findLine, readKeyFile, writeKeyFile } from './key-file.ts'

const JWT_NAME = 'JWT_SECRET_KEY'
const ENCRYPTION_NAME = 'ENCRYPTION_KEY'
const MINUTE_MS = 60_000
/** The running server signs with the former key until it is started again. */
const RESTART_WITHIN_MS = 24 * 60 * MINUTE_MS

/** The line before the setting, by which a later rotation knows which keys nothing needs any more. */
const NOTE = '# Keys that only verify, by their kid, and until when they are needed:'
const NOTED = /([\w-]{8})=(\S+)/g

export interface Rotation {
  /** How many former JWT keys verify still. */
  readonly kept: number
  /** How many were taken away. */
  readonly dropped: number
  /** The version of the new encryption key. */
  readonly version: string
}

function readNotes(lines: readonly string[]): Map<string, number> {
  const note = lines.find((line) => line.startsWith(NOTE)) ?? ''
  return new Map(
    [...note.slice(NOTE.length).matchAll(NOTED)].map(([, kid = '', until = '']) => [kid, Date.parse(until)]),
  )
}

/**
 * Rotates the keys in a file. Whoever is logged in stays so, and every secret can still be read.
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
  const { config, lines } = readKeyFile(file, environment, [JWT_NAME, ENCRYPTION_NAME])
  const notes = readNotes(lines)
  const until = now + config.JWT_ACCESS_TOKEN_EXPIRE_MINUTES * MINUTE_MS + RESTART_WITHIN_MS
  const former = config.JWT_SECRET_KEY.map((key, index) => {
    const kid = keyIdOf(key)
    // One that somebody has put there by hand has no date yet.
    return { key, kid, until: index === 0 ? until : (notes.get(kid) ?? until) }
  })
  const kept = former.filter((entry) => entry.until > now)
  const note = `${NOTE} ${kept.map((entry) => `${entry.kid}=${new Date(entry.until).toISOString()}`).join(' ')}`
  const jwtLine = `${JWT_NAME}=${[randomBytes(32).toString('base64url'), ...kept.map(({ key }) => key)].join(',')}`
  const version = nextVersion(config.ENCRYPTION_KEY)
  const encryption = [{ version, base64: randomBytes(32).toString('base64') }, ...config.ENCRYPTION_KEY]
  const [jwtAt, encryptionAt] = [findLine(lines, JWT_NAME), findLine(lines, ENCRYPTION_NAME)]
  const changed = lines.flatMap((line, index) => {
    if (index === jwtAt) return [note, jwtLine]
    if (index === encryptionAt) return [toEncryptionLine(encryption)]
    return line.startsWith(NOTE) ? [] : [line]
  })
  writeKeyFile(file, changed)
  return { kept: kept.length, dropped: former.length - kept.length, version }
}

/**
 * Takes former encryption keys out of a file; the first one always stays.
 *
 * @throws StartError when the keys stand elsewhere, or cannot be used
 */
export function dropEncryptionKeys(
  file: string,
  environment: Readonly<Record<string, string | undefined>>,
  versions: readonly string[],
): void {
  const { config, lines } = readKeyFile(file, environment, [ENCRYPTION_NAME])
  const kept = config.ENCRYPTION_KEY.filter(({ version }, index) => index === 0 || !versions.includes(version))
  const at = findLine(lines, ENCRYPTION_NAME)
  writeKeyFile(
    file,
    lines.map((line, index) => (index === at ? toEncryptionLine(kept) : line)),
  )
}

function toEncryptionLine(keys: EncryptionKeys): string {
  return `${ENCRYPTION_NAME}=${keys.map(({ version, base64 }) => `${version}:${base64}`).join(',')}`
}

/** One that none of the keys has had: a text says by its version which key opens it. */
function nextVersion(keys: EncryptionKeys): string {
  return `v${Math.max(...keys.map(({ version }) => Number(version.slice(1)))) + 1}`
}
