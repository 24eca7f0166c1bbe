/** All that clients can ask of an execution that is over, for a comparison with another one. */
import { Execution } from '#core/workflow/execution'
import { type Account, pageOf } from './api.ts'
import { isLast, openSocket } from './socket.ts'

/** Without what is different each time. */
export function comparable(value: unknown, id: string): unknown {
  const text = JSON.stringify(value)
    .replaceAll(id, 'ID')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
  return JSON.parse(text.replaceAll(/"duration_ms":\d+/g, '"duration_ms":0')) as unknown
}

async function listed(account: Account, workflowId: string, id: string): Promise<Execution | undefined> {
  const { body } = await account.call(`/workflows/${workflowId}/executions?size=100`)
  return pageOf(Execution)
    .parse(body)
    .items.find((item) => item.id === id)
}

/** As `comparable` makes it. Its place in the list may lag behind: this waits for that. */
export async function allOf(account: Account, id: string): Promise<unknown> {
  const execution = await account.execution(id)
  let item = await listed(account, execution.workflow_id, id)
  for (; item?.finished_at !== execution.finished_at; item = await listed(account, execution.workflow_id, id)) {
    await scheduler.wait(10)
  }
  const socket = await openSocket(`/api/v1/ws/execution/${id}?token=${account.token}`)
  await socket.until(isLast)
  const { frames } = socket
  socket.close()
  const partly = await account.call(`/executions/${id}/events?after=2&limit=2`)
  const nodes = await account.call(`/executions/${id}/nodes?node_id=double`)
  const one = { execution, visits: await account.visits(id), events: await account.events(id) }
  const cancel = await account.call(`/executions/${id}/cancel`, { method: 'POST' })
  const retry = await account.call(`/executions/${id}/retry`, { method: 'POST' })
  const refused = [cancel, ...(execution.status === 'completed' ? [retry] : [])].map(({ status, body }) => [
    status,
    (body as { code?: string }).code,
  ])
  return comparable({ ...one, item, frames, partly: partly.body, nodes: nodes.body, refused }, id)
}
