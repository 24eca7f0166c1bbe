import { app } from '#http/app'

export { PostgresPool } from '#durable-objects/postgres-pool/postgres-pool'
export { WorkflowRun } from '#durable-objects/workflow-run/workflow-run'

export default { fetch: app.fetch } satisfies ExportedHandler<Env>
