import type { UsageEntry } from '#core/usage/usage-entry'
import type { RunHeader } from '#core/workflow/execution'
import type { Visit } from '#core/workflow/run'
import type { RunInput } from '#core/workflow/step'
import { type Hole, takeOut, withHoles } from '#core/workflow/value'
import { type Json, measureJson } from '#lib/json'
import { startChild } from '#services/executions/start-child'
import { createNodeFiles } from '#services/files/node-files'
import type { NodeHost, Perform, Spent } from './perform.ts'
import type { RunValues } from './run-values.ts'

/** Of one line that a node tells its watchers. */
const MAX_NOTE_CHARS = 10_000
const MAX_NOTE_DEPTH = 20

/** The run as its nodes reach it. */
interface HostingRun {
  readonly env: Env
  readonly header: RunHeader
  readonly values: RunValues
  /** Starts that are under way: cancelling waits for them. */
  readonly starting: Set<Promise<unknown>>
  step(input: RunInput): void
  /** Owes an entry to the ledger. */
  owe(entry: UsageEntry): void
}

/** The ports of one performance that lead back to the run. */
export function createNodeHost(run: HostingRun, command: Perform, begun: Visit): NodeHost {
  const { node_id, visit, performance } = command
  const ref = { node_id, visit, performance }
  return {
    startExecution: async (order) => {
      const starting = start(run, begun, order)
      run.starting.add(starting)
      try {
        return { executionId: await starting }
      } finally {
        run.starting.delete(starting)
      }
    },
    files: createNodeFiles(run.env, run.header, begun),
    log: (level, message, data) =>
      run.step({ ...ref, type: 'noted', note: { type: 'log', level, message: cut(message), data: small(data) } }),
    spend: (spent) => run.owe(toEntry(run.header, command, spent)),
    progress: (progress) =>
      run.step({ ...ref, type: 'noted', note: { type: 'progress', progress: small(progress) ?? null } }),
  }
}

async function start(
  { env, header, values }: HostingRun,
  by: Visit,
  { workflowId, inputs }: Parameters<NodeHost['startExecution']>[0],
): Promise<string> {
  const holes: Hole[] = []
  const bare = takeOut(await values.keep(inputs), ['inputs'], holes)
  return startChild(env, header, by, { workflowId, inputs: bare, ...withHoles(holes) })
}

function toEntry({ executionId, workflowId, createdBy }: RunHeader, command: Perform, spent: Spent): UsageEntry {
  const { node_id, visit, performance } = command
  const { ordinal, agentId: agent_id, ...taken } = spent
  const key = ['execution', executionId, node_id, visit, performance, ordinal].join('/')
  const place = { execution_id: executionId, workflow_id: workflowId, node_id, chat_id: null, agent_id }
  return { ...taken, ...place, key, at: Date.now(), source: 'execution', user_id: createdBy }
}

function cut(text: string): string {
  return text.length > MAX_NOTE_CHARS ? `${text.slice(0, MAX_NOTE_CHARS)}…` : text
}

/** What is too large for a line of the log is said to be. */
function small(data: Json | undefined): Json | undefined {
  if (data === undefined) return undefined
  try {
    measureJson(data, MAX_NOTE_CHARS, MAX_NOTE_DEPTH)
    return data
  } catch {
    return '…'
  }
}
