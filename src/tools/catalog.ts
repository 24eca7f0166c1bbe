import type { ToolCatalog } from '#core/agent/tool-type'
import { askAgent } from './ask-agent.ts'
import { askPerson } from './ask-person.ts'
import { currentTime } from './current-time.ts'
import { httpRequest } from './http-request.ts'
import { mcp } from './mcp.ts'
import { readFile } from './read-file.ts'
import { runCode } from './run-code.ts'
import { runWorkflow } from './run-workflow.ts'

/** Every kind of tool that an agent can have: `GET /api/v1/agents/tools` and what binds them read this. */
export const toolCatalog = {
  http_request: httpRequest,
  run_workflow: runWorkflow,
  ask_agent: askAgent,
  ask_person: askPerson,
  read_file: readFile,
  run_code: runCode,
  current_time: currentTime,
  mcp,
} satisfies ToolCatalog
