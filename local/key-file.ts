/** Keys in `.dev.vars`: read as the server reads them, written whole or not at all. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { type Config, ConfigError, readConfig } from '#config'
import { StartError } from './start-error.ts'

type Environment = Readonly<Record<string, string | undefined>>

export interface KeyFile {
  readonly config: Config
  readonly lines: readonly string[]
}

/**
 * Reads the file.
 *
 * @param names settings that must stand in it: the environment would win over what is written here
 * @throws StartError when they stand elsewhere, or cannot be used
 */
export function readKeyFile(file: string, environment: Environment, names: readonly string[]): KeyFile {
  const elsewhere = names.find((name) => environment[name] !== undefined && environment[name] !== '')
  if (elsewhere !== undefined)
    throw new StartError(
      `${elsewhere} comes from the environment: put the new key before the former one there, with a comma (docs/secrets.md)`,
    )
  if (!existsSync(file)) throw new StartError(`there is no ${file}: npm start makes one`)
  const text = readFileSync(file, 'utf8')
  const lines = text.split('\n')
  for (const name of names) if (findLine(lines, name) < 0) throw new StartError(`${file} has no line ${name}=…`)
  return { config: readSettings({ ...parseEnv(text) }), lines }
}

/** @throws StartError with every problem by name */
export function readSettings(settings: NodeJS.Dict<string>): Config {
  try {
    return readConfig({ ...settings })
  } catch (error) {
    throw error instanceof ConfigError ? new StartError(error.message) : error
  }
}

/** Of several lines the last one counts. */
export function findLine(lines: readonly string[], name: string): number {
  return lines.findLastIndex((line) => new RegExp(`^\\s*(export\\s+)?${name}\\s*=`).test(line))
}

/** Half a file would lock everybody out. */
export function writeKeyFile(file: string, lines: readonly string[]): void {
  const draft = `${file}.${process.pid}.new`
  writeFileSync(draft, lines.join('\n'), { mode: 0o600, flag: 'wx' })
  renameSync(draft, file)
}
