import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { Wait } from '#core/workflow/event'
import type { RunHeader } from '#core/workflow/execution'
import { initialState, type RunState, type Visit, visitKey } from '#core/workflow/run'
import { newId } from '#lib/ids'
import { mailApprovals, type SentMails } from '#services/executions/mail-approvals'

const header: RunHeader = {
  executionId: newId(),
  workspaceId: newId(),
  workflowId: newId(),
  workflowName: 'Compras',
  version: 1,
  trigger: 'manual',
  createdBy: null,
  createdAt: 0,
}

/** A run that waits for these people. */
function asking(approvers: readonly string[]): RunState {
  const state = initialState()
  const wait: Wait = { for: 'approval', title: 'Pedido', message: null, approvers: [...approvers], until: null }
  const visit: Pick<Visit, 'node_id' | 'visit' | 'status' | 'wait' | 'startedAt'> = {
    node_id: 'ok',
    visit: 1,
    status: 'waiting',
    wait,
    startedAt: 0,
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- mailing looks at nothing else
  state.visits.set(visitKey(visit), visit as Visit)
  state.waiting.add(visitKey(visit))
  return state
}

/** What the actor keeps in SQLite. */
function remember(): SentMails {
  const failures = new Map<string, number | undefined>()
  return {
    attempts: (key) => (failures.has(key) ? failures.get(key) : 0),
    failed: (key) => void failures.set(key, (failures.get(key) ?? 0) + 1),
    sent: (key) => void failures.set(key, undefined),
    count: () => [...failures.values()].filter((count) => count === undefined).length,
  }
}

/** A mail server that takes no mail to these. */
function mailServer(refused: ReadonlySet<string>) {
  const taken: string[] = []
  const asked: string[] = []
  const fetch = async (_: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const { to } = JSON.parse(await new Response(init?.body).text()) as { to: string }
    asked.push(to)
    if (refused.has(to)) return new Response(null, { status: 503 })
    taken.push(to)
    return new Response(null, { status: 204 })
  }
  return { taken, asked, env: { ...env, MAIL_OUTBOX: { fetch } } }
}

describe('links to approvals', () => {
  it('that nobody takes are tried again, and those that were taken never', async () => {
    const refused = new Set(['a@example.com'])
    const server = mailServer(refused)
    const mails = remember()
    const state = asking(['a@example.com', 'b@example.com', 'B@example.com', 'no address'])
    await expect(mailApprovals(server.env, header, state, mails)).rejects.toThrow('outbox')
    expect(server.taken).toEqual(['b@example.com'])
    refused.clear()
    await mailApprovals(server.env, header, state, mails)
    await mailApprovals(server.env, header, state, mails)
    expect(server.taken).toEqual(['b@example.com', 'a@example.com'])
  })

  it('to addresses that never take mail hold up no other, and are given up', { timeout: 20_000 }, async () => {
    const bad = ['a', 'b', 'c', 'd'].map((name) => `${name}@example.com`)
    const server = mailServer(new Set(bad))
    const mails = remember()
    const state = asking([...bad, 'z@example.com'])
    const deliver = () => mailApprovals(server.env, header, state, mails).catch(() => undefined)
    await deliver()
    await deliver()
    expect(server.taken).toEqual(['z@example.com'])
    for (let round = 0; round < 200; round += 1) await deliver()
    expect(server.asked.filter((to) => to === 'a@example.com')).toHaveLength(65)
    await mailApprovals(server.env, header, state, mails)
  })

  it('are at most 500 for one run', async () => {
    const server = mailServer(new Set())
    const mails = remember()
    await mailApprovals(server.env, header, asking(Array.from({ length: 600 }, (_, n) => `p${n}@example.com`)), mails)
    expect(server.taken).toHaveLength(500)
    await mailApprovals(server.env, header, asking(['late@example.com']), mails)
    expect(server.taken).toHaveLength(500)
  })
})
