import { z } from 'zod'
import type { Sentence } from '#core/messages'

/** What file systems of those who download them take. */
const MAX_FILENAME_BYTES = 255
const MAX_FOLDER_LENGTH = 500
const MAX_TAGS = 30
const MAX_TAG_LENGTH = 50
const UNNAMED = 'arquivo'

/** Control characters, and those that turn the reading direction: `exe.gpj` shown as `jpg.exe`. */
// oxlint-disable-next-line no-control-regex -- these are what is meant
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g

const FOLDER_PROBLEM: Sentence = {
  pt: 'Uma pasta são nomes separados por /, sem vazios, sem . e .., ao todo até {limit} caracteres.',
  en: 'A folder is names separated by /, none empty, none . or .., {limit} characters in all.',
}

/**
 * A file's name as people may read and download it: the last part of whatever path a client sends, without what cannot
 * be seen. Never where the bytes lie.
 */
export function cleanFilename(sent: string): string {
  const last = sent.toWellFormed().split(/[/\\]/).at(-1) ?? ''
  const name = shorten(last.replaceAll(UNSEEN, '').trim())
  return /^\.*$/.test(name) ? UNNAMED : name
}

/** Keeps the ending, by which people and programs know the type. */
function shorten(name: string): string {
  const ending = /\.[^.]{1,20}$/.exec(name)?.[0] ?? ''
  const room = MAX_FILENAME_BYTES - bytesOf(ending)
  let stem = name.slice(0, name.length - ending.length)
  while (bytesOf(stem) > room)
    stem = Array.from(stem)
      .slice(0, -Math.ceil((bytesOf(stem) - room) / 4))
      .join('')
  return stem + ending
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).byteLength
}

/** `a/b`, `/a/b/` and `a/b/` are the folder `a/b/`; nothing, or `/`, is the top, which is empty. */
export const Folder = z
  .string()
  .transform((text) => text.replace(/^\/+|\/+$/g, ''))
  .refine(isFolder, { params: { sentence: FOLDER_PROBLEM, values: { limit: MAX_FOLDER_LENGTH } } })
  .transform((text) => (text === '' ? '' : `${text}/`))
  .describe('Names separated by `/`; empty for the top.')

function isFolder(text: string): boolean {
  if (text === '') return true
  if (text.length > MAX_FOLDER_LENGTH || text.search(UNSEEN) >= 0 || text.includes('\\')) return false
  return text.split('/').every((name) => name.trim() === name && !['', '.', '..'].includes(name))
}

export const Tags = z
  .array(z.string().trim().min(1).max(MAX_TAG_LENGTH))
  .max(MAX_TAGS)
  .transform((tags) => [...new Set(tags)])
