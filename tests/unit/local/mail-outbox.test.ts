import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createMailOutbox } from '#local/mail-outbox'

const LINK = 'http://localhost:8000/reset-password#token=ott_abc'
const MAIL = { from: 'a@b.c', to: 'ana@example.com', subject: 'Nova senha', text: `Olá!\n\n${LINK}\n\nAté 15h.` }

let root = ''
const lines: string[] = []

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'synapscale-mail-'))
  lines.length = 0
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

async function post(mail: unknown, directory = join(root, 'mail')): Promise<number> {
  const outbox = createMailOutbox(directory, (line) => lines.push(line))
  return (await outbox({ json: () => Promise.resolve(mail) })).status
}

test('keeps each mail as a file of the owner alone, and prints its link', async () => {
  expect([await post(MAIL), await post(MAIL)]).toEqual([204, 204])
  const files = readdirSync(join(root, 'mail'))
  expect(files).toHaveLength(2)
  const file = join(root, 'mail', files[0] ?? '')
  expect([statSync(file).mode & 0o777, statSync(join(root, 'mail')).mode & 0o777]).toEqual([0o600, 0o700])
  expect(readFileSync(file, 'utf8')).toMatch(/^From: a@b\.c\nTo: ana@example\.com\nSubject: Nova senha\nDate: /)
  expect(readFileSync(file, 'utf8')).toContain(`\n\nOlá!\n\n${LINK}\n`)
  expect(lines[0]).toBe(`mail to ana@example.com: Nova senha ${LINK}`)
})

test('forges neither headers nor lines', async () => {
  await post({ ...MAIL, subject: 'x\r\nBcc: eva@example.com\u001B[2J' })
  const [name = ''] = readdirSync(join(root, 'mail'))
  expect(readFileSync(join(root, 'mail', name), 'utf8')).not.toMatch(/^Bcc/m)
  expect(lines).toEqual([`mail to ana@example.com: x Bcc: eva@example.com [2J ${LINK}`])
})

test('says so when it cannot', async () => {
  expect(await post({ to: 'ana@example.com' })).toBe(500)
  writeFileSync(join(root, 'file'), '')
  expect(await post(MAIL, join(root, 'file'))).toBe(500)
  expect(lines[1]).toContain('a mail could not be kept')
})
