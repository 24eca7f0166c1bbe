import { expect, test } from 'vitest'
import type { AgentEvent } from '#core/agent/event'
import { foldEvent, NOTHING_YET, type TurnProgress } from '#core/agent/fold'
import type { ModelCall, ModelPart } from '#core/agent/model'
import { type BoundAgent, runAgent, type TurnEnd } from '#core/agent/run-agent'
import { type BoundTool, ToolFailure } from '#core/agent/tool'

const FINISH = {
  type: 'finish',
  usage: { input_tokens: 2, output_tokens: 1, total_tokens: 3 },
  cost: 0.5,
  model: 'a/b',
} as const
const SAID = { ...FINISH, reason: 'stop' } as const
const CALLED = { ...FINISH, reason: 'tool_calls' } as const

const call = (callId: string, tool: string): ModelPart => ({ type: 'tool_call', callId, tool, input: {} })
const text = (said: string): ModelPart => ({ type: 'text', text: said })

const sum: BoundTool = { name: 'sum', description: '', inputSchema: {}, run: async () => 3 }
const broken: BoundTool = {
  name: 'broken',
  description: '',
  inputSchema: {},
  run: () => Promise.reject(new ToolFailure('http_500', 'it broke')),
}
const erase: BoundTool = { ...sum, name: 'erase', asks: 'approval', run: async () => 'gone' }
const ask: BoundTool = { name: 'ask', description: '', inputSchema: {}, asks: 'answer' }

function agentWith(tools: readonly BoundTool[], limits: Partial<BoundAgent['limits']> = {}): BoundAgent {
  return {
    models: ['a/b'],
    instructions: 'Be brief.',
    settings: {},
    tools,
    output: undefined,
    limits: { maxSteps: 5, maxTokens: undefined, maxCost: undefined, ...limits },
  }
}

interface Ran {
  readonly events: readonly AgentEvent[]
  readonly end: TurnEnd
  readonly progress: TurnProgress
  readonly calls: readonly ModelCall[]
}

/** Runs a turn whose model gives these answers, one after the other. */
async function run(agent: BoundAgent, answers: readonly ModelPart[][], begun = NOTHING_YET): Promise<Ran> {
  const calls: ModelCall[] = []
  const models = {
    async *stream(asked: ModelCall) {
      calls.push(asked)
      yield* answers[calls.length - 1] ?? []
    },
  }
  const { signal } = new AbortController()
  const ports = { models, signal, idempotencyKey: (id: string) => `turn/${id}`, progress: () => undefined }
  const turn = runAgent(ports, agent, [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }], begun)
  const events: AgentEvent[] = []
  let progress = begun
  for (;;) {
    const next = await turn.next()
    if (next.done === true) return { events, end: next.value, progress, calls }
    events.push(next.value)
    progress = foldEvent(progress, next.value)
  }
}

test('An answer without calls is the whole turn', async () => {
  const { end, progress, calls } = await run(agentWith([]), [[text('Hel'), text('lo'), SAID]])
  expect(end).toEqual({ status: 'completed', reason: 'stop' })
  expect(progress.parts).toEqual([{ type: 'text', text: 'Hello' }, { type: 'step' }])
  expect(progress).toMatchObject({ steps: 1, cost: 0.5, model: 'a/b', usage: { total_tokens: 3 } })
  expect(calls).toHaveLength(1)
})

test('What a tool gives goes back to the model, which answers again', async () => {
  const { end, calls, progress } = await run(agentWith([sum]), [
    [call('1', 'sum'), CALLED],
    [text('It is 3.'), SAID],
  ])
  expect(end).toEqual({ status: 'completed', reason: 'stop' })
  expect(calls[1]?.messages.slice(1)).toEqual([
    { role: 'assistant', content: [{ type: 'tool_call', callId: '1', tool: 'sum', input: {}, provider: undefined }] },
    { role: 'tool', content: [{ callId: '1', tool: 'sum', output: 3, isError: false }] },
  ])
  expect(progress.usage.total_tokens).toBe(6)
})

test('A tool that fails, and one that is not there, are told to the model', async () => {
  const { calls } = await run(agentWith([broken]), [
    [call('1', 'broken'), call('2', 'nothing'), CALLED],
    [text('Sorry.'), SAID],
  ])
  const told = calls[1]?.messages.at(-1)
  expect(JSON.stringify(told)).toContain('it broke')
  expect(JSON.stringify(told)).toContain('There is no tool \\"nothing\\". There are: broken.')
})

test('A1: what a person must decide waits, and is performed once they said yes', async () => {
  const first = await run(agentWith([erase]), [[call('1', 'erase'), CALLED]])
  expect(first.end).toMatchObject({ status: 'waiting', calls: [{ call_id: '1', asks: 'approval' }] })
  expect(first.events.some(({ type }) => type === 'tool_completed')).toBe(false)

  const approved = foldEvent(first.progress, { type: 'tool_approved', call_id: '1', by: null })
  const { end, events } = await run(agentWith([erase]), [[text('Done.'), SAID]], approved)
  expect(end.status).toBe('completed')
  expect(events[0]).toEqual({ type: 'tool_completed', call_id: '1', output: 'gone' })
})

test('A no is told to the model, with the reason', async () => {
  const { progress } = await run(agentWith([erase]), [[call('1', 'erase'), CALLED]])
  const denied = foldEvent(progress, { type: 'tool_denied', call_id: '1', by: null, comment: 'not today' })
  const { calls } = await run(agentWith([erase]), [[text('All right.'), SAID]], denied)
  expect(JSON.stringify(calls[0]?.messages.at(-1))).toContain('not today')
})

test('A question to the person waits for the answer', async () => {
  const { end, progress } = await run(agentWith([ask]), [[call('1', 'ask'), CALLED]])
  expect(end).toMatchObject({ status: 'waiting', calls: [{ asks: 'answer' }] })
  const answered = foldEvent(progress, { type: 'tool_completed', call_id: '1', output: 'blue' })
  const { calls } = await run(agentWith([ask]), [[text('Blue it is.'), SAID]], answered)
  expect(JSON.stringify(calls[0]?.messages.at(-1))).toContain('blue')
})

test('A2: a call whose outcome was lost is performed again', async () => {
  const begun = [
    { type: 'tool_called', call_id: '1', tool: 'sum', input: {}, asks: null } as const,
    { ...CALLED, type: 'step_finished' } as const,
  ]
  const lost = begun.reduce<TurnProgress>(foldEvent, NOTHING_YET)
  const { events } = await run(agentWith([sum]), [[text('3'), SAID]], lost)
  expect(events[0]).toEqual({ type: 'tool_completed', call_id: '1', output: 3 })
})

test('A3: the last answer that it may give is asked for without tools, and the turn ends', async () => {
  const again = [call('1', 'sum'), CALLED]
  const { end, calls } = await run(agentWith([sum], { maxSteps: 2 }), [again, [call('2', 'sum'), CALLED]])
  expect(calls.map(({ toolChoice }) => toolChoice)).toEqual([undefined, 'none'])
  expect(end).toEqual({ status: 'completed', reason: 'max_steps' })
})

test('A turn ends at its tokens and at its cost', async () => {
  const again = [call('1', 'sum'), CALLED]
  const tokens = await run(agentWith([sum], { maxTokens: 3 }), [again, again])
  expect(tokens.end).toEqual({ status: 'completed', reason: 'max_tokens' })
  const cost = await run(agentWith([sum], { maxCost: 0.5 }), [again, again])
  expect(cost.end).toEqual({ status: 'completed', reason: 'max_cost' })
})

test('A turn that had ended ends again without asking the model', async () => {
  const { progress } = await run(agentWith([]), [[text('Hello'), SAID]])
  const { end, calls } = await run(agentWith([]), [], progress)
  expect(end).toEqual({ status: 'completed', reason: 'stop' })
  expect(calls).toHaveLength(0)
})
