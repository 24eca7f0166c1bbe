/**
 * Chats whose server dies while answers stream, with sockets that are cut after every k frames: nothing that was said is
 * lost or said twice, half an answer is kept and marked, and what a client has seen is what there is (P9).
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { ChatMessage } from '#core/chat/message'
import { Frame, textOf } from '#tests/e2e/support/chats'
import { follow, isDense, type Sequenced } from './follow.ts'
import { killAll, killRuntime } from './kills.ts'
import { END_MS, type Ground, post, tryPost, until } from './world.ts'
import { askFor, wordsFor } from './words.ts'

/** So many words take about half a second. */
const WORDS = 30
const RANDOM_MOMENT_MS = 900
const LAST = 1_000_000

const Made = z.object({ id: z.uuid() })
const Messages = z.object({ items: z.array(ChatMessage), pages: z.int() })
const ChatEvent = Frame.extend({ seq: z.int() })
type ChatEvent = z.infer<typeof ChatEvent>
const Delta = z.object({ message_id: z.uuid() })

/** Something said: what the server answered, where it did. */
interface Said {
  readonly chat: string
  readonly n: number
  readonly accepted: string | undefined
}

const path = (chat: string): string => `/chat/${chat}/messages`
const body = (n: number) => ({ content: askFor(n, WORDS) })
const keyOf = (chat: string, n: number): string => `said-${chat}-${n}`

async function say(ground: Ground, chat: string, n: number): Promise<Said> {
  const answer = await tryPost(ground, path(chat), body(n), keyOf(chat, n))
  return { chat, n, accepted: Made.safeParse(answer?.status === 201 ? answer.body : undefined).data?.id }
}

async function messagesOf({ ana }: Ground, chat: string): Promise<ChatMessage[]> {
  const all: ChatMessage[] = []
  for (let page = 1; ; page += 1) {
    const { items, pages } = Messages.parse((await ana.call(`${path(chat)}?size=100&page=${page}`)).body)
    all.unshift(...items)
    if (page >= pages) return all
  }
}

function isLastWord({ type, data }: ChatEvent): boolean {
  const message = type === 'chat_message' ? ChatMessage.safeParse(data).data : undefined
  return message?.role === 'assistant' && message.status === 'complete' && message.content.startsWith(`${LAST}.`)
}

function followChat(ground: Ground, chat: string, cutAfter: () => number, signal: AbortSignal): Promise<ChatEvent[]> {
  const { ana, ledger, server } = ground
  const url = `${server.url.replace('http', 'ws')}/api/v1/ws/chat/${chat}?token=${ana.token}`
  const parse = (frame: unknown) => ChatEvent.safeParse(frame).data
  return follow({ url, parse, isLast: isLastWord, cutAfter, onCut: () => ledger.attacked('P9'), signal })
}

/** Everything said is there once, with one answer: the whole, or as much as had come, marked. */
function checkMessages({ ledger }: Ground, said: readonly Said[], messages: readonly ChatMessage[]): number {
  let halves = 0
  for (const { n, accepted } of said) {
    const asked = messages.filter(({ role, content }) => role === 'user' && content === askFor(n, WORDS))
    const [question] = asked
    const answers = messages.filter(({ role, turn_id }) => role === 'assistant' && turn_id === question?.turn_id)
    const [answer] = answers
    ledger.attacked('chats')
    const isOnce = asked.length === 1 && (accepted === undefined || question?.id === accepted)
    ledger.expect('chats', isOnce, () => `${accepted ?? n} was said and is there ${asked.length} times`)
    ledger.expect('chats', answers.length === 1, () => `${question?.id} has ${answers.length} answers`)
    const whole = wordsFor(n, WORDS)
    const isWhole = answer?.status === 'complete' && answer.content === whole
    const isHalf = answer?.status === 'interrupted' && answer.error?.code === 'turn_interrupted'
    if (isHalf) halves += 1
    const isFine = isWhole || (isHalf && whole.startsWith(answer.content))
    ledger.expect('chats', isFine, () => `${answer?.id} is ${answer?.status} and says ${answer?.content}`)
  }
  return halves
}

/** What came over sockets is dense, the same for all, and makes the messages that there are. */
function checkFrames({ ledger }: Ground, chat: string, seen: ChatEvent[][], messages: readonly ChatMessage[]): void {
  const places = (frames: readonly Sequenced[]): string => frames.map(({ seq }) => seq).join(' ')
  const longest = seen.toSorted((a, b) => b.length - a.length)[0] ?? []
  for (const frames of seen) {
    ledger.attacked('P9')
    const isFine = isDense(frames) && JSON.stringify(frames) === JSON.stringify(longest)
    ledger.expect('P9', isFine, () => `a client of chat ${chat} saw ${places(frames)} of ${longest.length}`)
  }
  for (const { id, content } of messages.filter(({ role }) => role === 'assistant')) {
    const text = textOf(longest.filter(({ data }) => Delta.safeParse(data).data?.message_id === id))
    ledger.expect('P9', text === content, () => `the pieces of ${id} were ${text}, the message says ${content}`)
  }
}

/** What was not answered is said again with its key, and is the same. */
async function sayAgain(ground: Ground, { chat, n, accepted }: Said): Promise<void> {
  const again = Made.parse((await post(ground, path(chat), body(n), keyOf(chat, n))).body).id
  ground.ledger.attacked('P3')
  ground.ledger.expect('P3', again === (accepted ?? again), () => `${accepted} was said again as ${again}`)
}

/** Says something in every chat and kills the server: at once, when all is said, or in the middle of the answers. */
export async function killChats(ground: Ground, rounds: number, cuts: readonly number[]): Promise<void> {
  const { ana, chance, ledger, server } = ground
  const chats = await Promise.all(cuts.map(async () => Made.parse((await ana.call('/chat', {})).body).id))
  const signal = AbortSignal.timeout(rounds * END_MS)
  const followers = chats.map((chat, index) =>
    Promise.all([
      followChat(ground, chat, () => cuts[index] ?? 1, signal),
      followChat(ground, chat, () => 1 + chance.below(20), signal),
      followChat(ground, chat, () => Number.POSITIVE_INFINITY, signal),
    ]),
  )
  const said: Said[] = []
  for (let round = 0; round < rounds; round += 1) {
    const saying = chats.map((chat) => say(ground, chat, round))
    await chance.pick([
      () => Promise.race(saying),
      () => Promise.all(saying),
      () => sleep(chance.below(RANDOM_MOMENT_MS)),
      () => sleep(chance.below(RANDOM_MOMENT_MS)),
    ])()
    await (chance.happens(0.2) ? killAll(server) : killRuntime(server))
    said.push(...(await Promise.all(saying)))
  }
  await Promise.all(said.map((one) => sayAgain(ground, one)))
  let halves = 0
  for (const [index, chat] of chats.entries()) {
    await post(ground, path(chat), { content: askFor(LAST, 1) }, keyOf(chat, LAST))
    const seen = await (followers[index] ?? Promise.resolve([]))
    const messages = await until(async () => {
      const all = await messagesOf(ground, chat)
      return all.some(({ status }) => status === 'streaming' || status === 'queued') ? undefined : all
    })
    ledger.expect('P5', messages !== undefined, () => `chat ${chat} never comes to rest`)
    const mine = said.filter((one) => one.chat === chat)
    halves += checkMessages(ground, mine, messages ?? [])
    checkFrames(ground, chat, seen, messages ?? [])
  }
  ledger.note('chats', `${rounds} SIGKILLs, ${halves} answers cut in half and kept`)
}
