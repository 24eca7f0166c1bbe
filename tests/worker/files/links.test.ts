/** Links that open one file without a token. */
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, test } from 'vitest'
import { signFileLink } from '#auth/file-links'
import { readConfig } from '#config'
import { FileLink } from '#core/files/file'
import { newId } from '#lib/ids'
import { createTeam, type Team } from '#tests/worker/security/people'
import { outcomeOf, request, upload } from './support.ts'

let team: Team
beforeAll(async () => {
  team = await createTeam()
})

async function linkTo(id: string, query = ''): Promise<FileLink> {
  return FileLink.parse(await (await request(team.members.viewer, `/api/v1/files/${id}/url${query}`)).json())
}

/** As somebody who has nothing but the link. */
const open = (url: string, init: RequestInit = {}) => request(undefined, url, init)

describe('a signed link', () => {
  test('is built from PUBLIC_URL and opens the file for whoever has it', async () => {
    const { id } = await upload(team.members.owner, '<b>olá</b>', { name: 'p.html' })
    const { url, expires_in } = await linkTo(id)
    expect(url).toMatch(/^http:\/\/localhost:8000\/files\/[\w.-]+$/)
    expect(expires_in).toBe(300)
    const answer = await open(url)
    expect([answer.status, await answer.text()]).toEqual([200, '<b>olá</b>'])
    expect(answer.headers.get('Content-Disposition')).toMatch(/^attachment;/)
    expect(answer.headers.get('Content-Security-Policy')).toContain('sandbox')
    const some = await open(url, { headers: { Range: 'bytes=3-6' } })
    expect([some.status, await some.text()]).toEqual([206, 'olá'])
  })

  test('ends with its time, and with the file', async () => {
    const { id } = await upload(team.members.owner, 'x')
    const config = readConfig(env)
    const past = { now: Date.now() - 20_000, until: Date.now() - 10_000 }
    const expired = await signFileLink(config, 'file', { id, workspaceId: team.workspaceId }, past)
    expect(await outcomeOf(await open(`/files/${expired}`))).toBe('400 invalid_token')
    const { url } = await linkTo(id, '?expires_in=60')
    await request(team.members.owner, `/api/v1/files/${id}`, { method: 'DELETE' })
    expect(await outcomeOf(await open(url))).toBe('404 not_found')
  })

  test('that is forged, changed or of another kind opens nothing', async () => {
    const { id } = await upload(team.members.owner, 'x')
    const other = await upload(team.members.owner, 'y')
    const token = (await linkTo(id)).url.split('/').at(-1) ?? ''
    const [head = '', body = '', signature = ''] = token.split('.')
    const swapped = Buffer.from(Buffer.from(body, 'base64url').toString().replace(id, other.id)).toString('base64url')
    const none = Buffer.from('{"alg":"none","typ":"file+jwt"}').toString('base64url')
    const forged = [
      `${head}.${swapped}.${signature}`,
      `${none}.${body}.`,
      `${head}.${body}.`,
      'x',
      team.members.owner.token,
    ]
    for (const one of forged) expect(await outcomeOf(await open(`/files/${one}`)), one).toBe('400 invalid_token')
    const config = readConfig(env)
    const times = { now: Date.now(), until: Date.now() + 60_000 }
    // Signed by us, for a workspace that does not have the file.
    const elsewhere = await signFileLink(config, 'file', { id, workspaceId: newId() }, times)
    expect(await outcomeOf(await open(`/files/${elsewhere}`))).toBe('404 not_found')
  })

  test('lasts no longer than a day', async () => {
    const { id } = await upload(team.members.owner, 'x')
    const answer = await request(team.members.owner, `/api/v1/files/${id}/url?expires_in=86401`)
    expect(await outcomeOf(answer)).toBe('422 validation_failed expires_in')
  })
})
