import { describe, expect, it } from 'vitest'
import { type ExecutionNews, toEvents, toWorkspaceFrame } from '#core/hub/news'
import { nodeError } from '#core/workflow/node-error'

const SINCE = 1_000

function news(more: Partial<ExecutionNews>): ExecutionNews {
  return {
    execution_id: 'e',
    workflow_id: 'w',
    workflow_name: 'Pedidos',
    version: 3,
    trigger: 'manual',
    status: 'running',
    seq: 1,
    at: 2_000,
    startedAt: 1_500,
    finishedAt: undefined,
    error: undefined,
    ...more,
  }
}

const told = (...args: Parameters<typeof toEvents>) =>
  toEvents(...args).map((event) => [event.type, event.type === 'watch_started' ? '' : event.status, event.at])

const end = news({ status: 'completed', seq: 9, finishedAt: 2_500 })

describe('the news of an execution', () => {
  it('tell its start once', () => {
    expect(told(undefined, news({}), SINCE)).toEqual([['execution_started', 'running', 1_500]])
    expect(told({ seq: 1, status: 'running' }, news({}), SINCE)).toEqual([])
  })

  it('tell its end, and the start with it when that was not heard (N2)', () => {
    expect(told({ seq: 1, status: 'running' }, end, SINCE)).toEqual([['execution_completed', 'completed', 2_500]])
    expect(told(undefined, end, SINCE)).toEqual([
      ['execution_started', 'running', 1_500],
      ['execution_completed', 'completed', 2_500],
    ])
  })

  it('are nothing when they are old or repeated (N1)', () => {
    expect(told({ seq: 9, status: 'completed' }, end, SINCE)).toEqual([])
    expect(told({ seq: 9, status: 'completed' }, news({ seq: 4 }), SINCE)).toEqual([])
  })

  it('of a time when nobody listened are not told', () => {
    expect(told(undefined, end, 2_000)).toEqual([['execution_completed', 'completed', 2_500]])
    expect(told(undefined, end, 3_000)).toEqual([])
  })

  it('tell of waiting and going on', () => {
    const waiting = news({ status: 'waiting', seq: 5, at: 2_100 })
    expect(told({ seq: 1, status: 'running' }, waiting, SINCE)).toEqual([['execution_waiting', 'waiting', 2_100]])
    const onwards = news({ status: 'running', seq: 6, at: 2_200 })
    expect(told({ seq: 5, status: 'waiting' }, onwards, SINCE)).toEqual([['execution_progress', 'running', 2_200]])
    expect(told({ seq: 6, status: 'running' }, news({ status: 'paused', seq: 7 }), SINCE)).toEqual([
      ['execution_paused', 'paused', 2_000],
    ])
  })

  it('call a timeout a failure, with its error', () => {
    const error = nodeError('node_timeout', { limit: 5 })
    const [event] = toEvents({ seq: 1, status: 'running' }, { ...end, status: 'timeout', error }, SINCE)
    expect(event).toMatchObject({ type: 'execution_failed', status: 'timeout', duration_ms: 1_000, error })
  })
})

it('a frame names workspace, execution and workflow', () => {
  const [started] = toEvents(undefined, news({}), SINCE)
  if (started === undefined) throw new Error('nothing told')
  expect(toWorkspaceFrame('ws', 7, started)).toEqual({
    seq: 7,
    event_type: 'execution_started',
    workspace_id: 'ws',
    execution_id: 'e',
    workflow_id: 'w',
    workflow_name: 'Pedidos',
    status: 'running',
    timestamp: new Date(1_500).toISOString(),
    data: { version: 3, trigger: 'manual', duration_ms: null, error: null },
  })
  expect(toWorkspaceFrame('ws', 1, { type: 'watch_started', at: 0 })).toMatchObject({ execution_id: null, data: {} })
})
