/** The table of contents of everything that HTTP reaches. */
import { OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv } from './app-env.ts'
import { answerError } from './errors.ts'
import { context } from './middleware/context.ts'
import { cors } from './middleware/cors.ts'
import { frame } from './middleware/frame.ts'
import { limitAddress } from './middleware/limit-address.ts'
import { answerUnmatched } from './not-found.ts'
import { accountPageRoutes } from './routes/account-pages.ts'
import { agentRoutes } from './routes/agents.ts'
import { analyticsRoutes } from './routes/analytics.ts'
import { auditRoutes } from './routes/audit.ts'
import { apiKeyRoutes } from './routes/api-keys.ts'
import { approvalRoutes } from './routes/approvals.ts'
import { authRoutes } from './routes/auth.ts'
import { chatMessageRoutes } from './routes/chat-messages.ts'
import { feedbackRoutes } from './routes/feedback.ts'
import { chatUiStreamRoutes } from './routes/chat-ui-stream.ts'
import { chatRoutes } from './routes/chats.ts'
import { budgetRoutes } from './routes/budgets.ts'
import { createDocs } from './routes/docs.ts'
import { eventSubscriptionRoutes } from './routes/event-subscriptions.ts'
import { executionControlRoutes } from './routes/execution-control.ts'
import { executionRoutes } from './routes/executions.ts'
import { fileLinkRoutes } from './routes/file-links.ts'
import { fileRoutes } from './routes/files.ts'
import { hookRoutes } from './routes/hooks.ts'
import { healthRoutes } from './routes/health.ts'
import { metricsRoutes } from './routes/metrics.ts'
import { llmRoutes } from './routes/llm.ts'
import { nodeRoutes } from './routes/nodes.ts'
import { openAiRoutes } from './routes/openai.ts'
import { rootRoutes } from './routes/root.ts'
import { socketRoutes } from './routes/sockets.ts'
import { ticketRoutes } from './routes/tickets.ts'
import { triggerRoutes } from './routes/triggers.ts'
import { uploadRoutes } from './routes/uploads.ts'
import { userVariableRoutes } from './routes/user-variables.ts'
import { variableRoutes } from './routes/variables.ts'
import { workflowFileRoutes } from './routes/workflow-files.ts'
import { workflowVersionRoutes } from './routes/workflow-versions.ts'
import { workflowRoutes } from './routes/workflows.ts'
import { workspaceRoutes } from './routes/workspaces.ts'

const app = new OpenAPIHono<AppEnv>({ strict: false })
app.use(frame, context, cors, limitAddress)
app.onError(answerError)
app.notFound((c) => answerUnmatched(app, c))

const routes = app
  .route('/', rootRoutes)
  .route('/', healthRoutes)
  .route('/api/v1', authRoutes)
  .route('/api/v1', workspaceRoutes)
  .route('/api/v1', apiKeyRoutes)
  .route('/api/v1', workflowRoutes)
  .route('/api/v1', workflowVersionRoutes)
  .route('/api/v1', workflowFileRoutes)
  .route('/api/v1', triggerRoutes)
  .route('/api/v1', agentRoutes)
  .route('/api/v1', executionRoutes)
  .route('/api/v1', executionControlRoutes)
  .route('/api/v1', approvalRoutes)
  .route('/api/v1', chatRoutes('/chat'))
  .route('/api/v1', chatMessageRoutes('/chat'))
  .route('/api/v1', chatUiStreamRoutes)
  .route('/api/v1', variableRoutes)
  .route('/api/v1', userVariableRoutes)
  .route('/api/v1', fileRoutes)
  .route('/api/v1', uploadRoutes)
  .route('/api/v1', eventSubscriptionRoutes)
  .route('/api/v1', nodeRoutes)
  .route('/api/v1', llmRoutes)
  .route('/api/v1', budgetRoutes)
  .route('/api/v1', analyticsRoutes)
  .route('/api/v1', feedbackRoutes)
  .route('/api/v1', auditRoutes)
  .route('/api/v1', ticketRoutes)

// Older clients know chats as conversations.
app.route('/api/v1', chatRoutes('/conversations')).route('/api/v1', chatMessageRoutes('/conversations'))
app.route('/api/v1/ws', socketRoutes)
// Older clients open their sockets here.
app.route('/ws', socketRoutes)
app.route('/v1', openAiRoutes)
app.route('/', accountPageRoutes)
app.route('/', metricsRoutes)
app.route('/', hookRoutes)
app.route('/', fileLinkRoutes)
app.route('/', createDocs(app))

export { app }

/** For `hc<Api>` of `hono/client`. */
export type Api = typeof routes
