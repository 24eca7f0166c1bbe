import { app } from '#http/app'

export { ChatSession } from '#durable-objects/chat-session/chat-session'
export { EventDispatch } from '#durable-objects/event-dispatch/event-dispatch'
export { Maintenance } from '#durable-objects/maintenance/maintenance'
export { PostgresPool } from '#durable-objects/postgres-pool/postgres-pool'
export { Schedule } from '#durable-objects/schedule/schedule'
export { WorkflowRun } from '#durable-objects/workflow-run/workflow-run'
export { WorkspaceHub } from '#durable-objects/workspace-hub/workspace-hub'

export default { fetch: app.fetch } satisfies ExportedHandler<Env>
