import { readConfig } from '#config'
import { titleFrom } from '#core/chat/chat'
import { toEntry } from '#core/chat/ledger'
import type { Naming as Row, OwedNaming } from '#core/chat/title'
import type { ChatEvent, ChatHeader, Turn } from '#core/chat/turn'
import { AppError } from '#core/errors'
import { connect, connectWithin } from '#db/connect'
import { DatabaseUnavailable } from '#db/errors'
import { describeError, logLine } from '#lib/log'
import { DEMO } from '#llm/providers'
import { askTitle, nameChat } from '#services/chats/name-chat'
import { withinMonth } from '#services/agents/within-month'
import { openModels } from '#services/llm/open-models'
import { deliverSpent } from './deliver-chat.ts'
import type { ChatStorage } from './storage.ts'

/** A model that fails is asked no more often: the title made of the first message stays. */
const MAX_ATTEMPTS = 3
const FIRST_RETRY_MS = 5_000
const MAX_RETRY_MS = 600_000
/** A chat that was there before titles were asked for, and has gone on for long, keeps the one that it has. */
const MAX_MESSAGES = 10
/** How long after a crash it is taken up again at the latest. */
const GUARD_MS = 10_000
/** Nobody waits for a title, and nothing for longer than this. */
const TIMEOUT_MS = 60_000

/** The title that a model gives a chat after its first answer: owed in the commit of that answer, beside the turns. */
export interface Naming {
  /** Within the transaction that ends an answered turn. */
  owe(turn: Turn): void
  /** Does what is owed, once at a time; returns at once. */
  go(): void
  /** When time has something to do for it, in Unix milliseconds. */
  wakeAt(): number | undefined
  close(): void
}

interface NamingPorts {
  readonly env: Env
  readonly header: ChatHeader
  readonly storage: Pick<ChatStorage, 'messages' | 'spent' | 'naming' | 'setNaming'>
  readonly ctx: Pick<DurableObjectState, 'waitUntil'>
  readonly commit: (events: readonly ChatEvent[], write: () => void) => void
  readonly onSettled: () => void
}

export function createNaming({ env, header, storage, ctx, commit, onSettled }: NamingPorts): Naming {
  const controller = new AbortController()
  const isClosed = (): boolean => controller.signal.aborted
  let isPerforming = false
  let failures = 0
  let retryAt: number | undefined

  const set = (row: Row | undefined): void => storage.setNaming(row)

  async function ask(owed: OwedNaming): Promise<void> {
    const asked = storage.messages.askedIn(owed.turnId)
    const answered = storage.messages.answerOf(owed.turnId)
    // Answered again, or something else was said instead: what comes of that is named.
    if (asked === undefined || answered === undefined) return set(undefined)
    if (owed.attempts >= MAX_ATTEMPTS) return set({ state: 'over' })
    set({ ...owed, attempts: owed.attempts + 1 })
    const signal = AbortSignal.any([controller.signal, AbortSignal.timeout(TIMEOUT_MS)])
    const { workspaceId } = header
    const settle = (): Promise<void> => deliverSpent(env, header, storage)
    const spender = { agentId: owed.agent.id, workflowId: null, userId: owed.userId }
    const asking = { ...openModels(env, workspaceId, { retries: 0, spender }), settle }
    const models = withinMonth(connectWithin(env, workspaceId), workspaceId, owed.agent, asking)
    const material = { asked: asked.content, answered: answered.content }
    const { title, paid } = await askTitle(models, owed.models, material, signal)
    if (isClosed()) return
    const { agent, turnId: id, userId } = owed
    const entry = toEntry(
      header,
      { id, userId },
      { ...paid, agent_id: agent.id, key: `title/${owed.attempts + 1}` },
      Date.now(),
    )
    const from = titleFrom(storage.messages.opening()?.content ?? '') ?? null
    commit([], () => {
      storage.spent.add(entry)
      set({ state: 'named', from, title: title ?? null })
    })
  }

  async function perform(): Promise<void> {
    const owed = storage.naming()
    if (owed?.state === 'owed') await ask(owed)
    const row = storage.naming()
    if (row?.state !== 'named' || isClosed()) return
    await deliverSpent(env, header, storage)
    const { from, title } = row
    const isNamed =
      title !== null && (await nameChat(connect(env, { lane: header.workspaceId }), header, { from, title }))
    if (isClosed()) return
    commit(isNamed ? [{ type: 'changed', at: Date.now(), data: { title } }] : [], () => set({ state: 'over' }))
  }

  /** PostgreSQL that is away uses up no attempt. */
  function fail(error: unknown): void {
    logLine('warn', { event: 'naming_failed', chat_id: header.chatId, error: describeError(error) })
    const row = storage.naming()
    // The month is spent.
    if (error instanceof AppError) return set({ state: 'over' })
    if (error instanceof DatabaseUnavailable && row?.state === 'owed') set({ ...row, attempts: row.attempts - 1 })
    retryAt = Date.now() + Math.min(FIRST_RETRY_MS * 4 ** failures, MAX_RETRY_MS)
    failures += 1
  }

  const isDue = (): boolean => (storage.naming()?.state ?? 'over') !== 'over'

  return {
    owe({ id: turnId, userId, agent }) {
      const { TITLE_MODEL } = readConfig(env)
      if (TITLE_MODEL === undefined || agent === undefined || storage.naming() !== undefined) return
      if (storage.messages.count() > MAX_MESSAGES) return
      const models: OwedNaming['models'] = TITLE_MODEL === 'agent' ? agent.models : [TITLE_MODEL]
      // It echoes: what is made of the first message is the better title.
      if (models[0].startsWith(`${DEMO}/`)) return
      const { id, name, limits } = agent
      set({ state: 'owed', turnId, userId, agent: { id, name, limits }, models, attempts: 0 })
    },
    go() {
      if (isPerforming || isClosed() || !isDue() || Date.now() < (retryAt ?? 0)) return
      isPerforming = true
      retryAt = undefined
      const done = perform()
        .catch((error: unknown) => (isClosed() ? undefined : fail(error)))
        .finally(() => {
          isPerforming = false
          onSettled()
        })
      ctx.waitUntil(done)
    },
    wakeAt: () => (isDue() ? (retryAt ?? Date.now() + GUARD_MS) : undefined),
    close: () => controller.abort(),
  }
}
