import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { AgentEvent } from '#core/agent/event'
import { createGatherer } from '#durable-objects/chat-session/gather-text'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

function startGatherer() {
  const taken: (readonly AgentEvent[])[] = []
  const gatherer = createGatherer(
    (events) => taken.push(events),
    (error) => expect.unreachable(String(error)),
  )
  return { taken, gatherer, say: (text: string) => gatherer.add({ type: 'text', text }) }
}

test('pieces of one moment are one', () => {
  const { taken, say } = startGatherer()
  say('a')
  vi.advanceTimersByTime(40)
  say('b')
  expect(taken).toEqual([])
  vi.advanceTimersByTime(10)
  expect(taken).toEqual([[{ type: 'text', text: 'ab' }]])
})

test('another kind of event takes along what was gathered before it', () => {
  const { taken, gatherer, say } = startGatherer()
  say('a')
  gatherer.add({ type: 'reasoning', text: 'hm' })
  expect(taken).toEqual([[{ type: 'text', text: 'a' }]])
  gatherer.flush()
  expect(taken[1]).toEqual([{ type: 'reasoning', text: 'hm' }])
})

test('on a thread that cannot keep up the moments grow, and shrink when it can again', () => {
  const { taken, say } = startGatherer()
  const ringLate = (): void => {
    say('x')
    vi.setSystemTime(Date.now() + 200)
    vi.runAllTimers()
  }
  for (let times = 0; times < 6; times += 1) ringLate()
  const before = taken.length
  say('y')
  vi.advanceTimersByTime(999)
  expect(taken).toHaveLength(before)
  vi.advanceTimersByTime(1)
  expect(taken).toHaveLength(before + 1)
  for (let times = 0; times < 5; times += 1) {
    say('z')
    vi.runAllTimers()
  }
  const calm = taken.length
  say('y')
  vi.advanceTimersByTime(50)
  expect(taken).toHaveLength(calm + 1)
})
