import type { BoundTool, ToolCall } from '#core/agent/tool'
import type { Json } from '#lib/json'
import { childTrace, type TraceContext } from '#lib/trace'
import { exportSpan } from '#telemetry/exporter'

type Run = (call: ToolCall) => Promise<Json>

/**
 * The same work of a tool, with a span for each call below `parent`; without one nothing is told. Named as OpenTelemetry
 * names tools: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/#execute-tool-span. What the model asked
 * for and what came of it stays out: it is the workspace's.
 */
export function toldRun(env: object, tool: Pick<BoundTool, 'name'>, parent: TraceContext | undefined, run: Run): Run {
  if (parent === undefined) return run
  return async (call) => {
    const startedAt = Date.now()
    let failed = true
    try {
      const output = await run(call)
      failed = false
      return output
    } finally {
      exportSpan(env, (work) => void work, {
        trace: childTrace(parent),
        parentSpanId: parent.spanId,
        name: `execute_tool ${tool.name}`,
        kind: 'internal',
        startedAt,
        endedAt: Date.now(),
        failed,
        attributes: {
          'gen_ai.operation.name': 'execute_tool',
          'gen_ai.tool.name': tool.name,
          'gen_ai.tool.call.id': call.callId,
        },
      })
    }
  }
}
