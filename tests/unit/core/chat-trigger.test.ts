import { describe, expect, test } from 'vitest'
import { toSaid } from '#core/chat/answer'
import { toChatTrigger } from '#core/chat/chat-trigger'
import type { ChatMessage } from '#core/chat/message'
import { toFailedAnswer } from '#core/chat/workflow-answer'
import { nodeError } from '#core/workflow/node-error'

const HEADER = { chatId: 'chat', workspaceId: 'workspace', createdBy: null }
const NOW = Date.parse('2026-11-23T12:00:00Z')

function said(turn: string, text: string): ChatMessage {
  return toSaid(
    'chat',
    turn,
    { id: `${turn}/m`, userId: 'ana', text, files: [], metadata: null, interrupt: false },
    false,
    NOW,
  )
}
const answered = (turn: string, text: string): ChatMessage => ({
  ...said(turn, text),
  id: `${turn}/a`,
  role: 'assistant',
})

function historyOf(messages: readonly ChatMessage[], turn: string, limit: number): unknown {
  const userMessageId = `${turn}/m`
  const under = { id: turn, state: 'running', userMessageId, messageId: 'x', userId: 'ana', recoveries: 0 } as const
  return toChatTrigger(HEADER, under, messages, limit)['history']
}

describe('what a workflow is given of what was said before', () => {
  const messages = [
    said('1', 'um'),
    // It failed before its first word.
    answered('1', ''),
    said('2', 'dois'),
    answered('2', 'DOIS'),
    said('3', 'três'),
    // Said while the third is answered.
    said('4', 'quatro'),
    answered('3', 'TRÊS'),
  ]

  test('are the latest messages, oldest first, each before its answer', () => {
    expect(historyOf(messages, '4', 3)).toEqual([
      { role: 'assistant', content: 'DOIS' },
      { role: 'user', content: 'três' },
      { role: 'assistant', content: 'TRÊS' },
    ])
    expect(historyOf(messages, '3', 100)).toHaveLength(3)
    expect(historyOf(messages, '1', 100)).toEqual([])
    expect(historyOf(messages, '4', 0)).toEqual([])
  })

  test('is no more than fits', () => {
    const long = Array.from({ length: 20 }, (_, n) => said(`l${n}`, 'x'.repeat(100_000)))
    expect(historyOf([...long, said('z', 'fim')], 'z', 100)).toHaveLength(2)
  })
})

test('an execution that failed without a node says so in both languages', () => {
  const { error } = {
    error: undefined,
    ...toFailedAnswer('e1', 'timeout', nodeError('execution_timeout', { limit: 5 })),
  }
  expect(error).toMatchObject({
    code: 'turn_workflow_ended',
    message: expect.stringContaining('A execução e1 terminou sem resposta: A execução passou do tempo limite de 5 ms.'),
    message_en: expect.stringContaining('The execution e1 ended without an answer: The execution exceeded'),
  })
})
