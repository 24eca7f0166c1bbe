import type { z } from 'zod'
import { detailIssue } from '#core/input/explain-issue'
import type { GraphProblem } from './problems.ts'

interface Part {
  readonly code: 'bad_data' | 'bad_config' | 'bad_settings'
  /** Where it lies, as a JSON Pointer. */
  readonly at: '/data' | '/data/config' | '/settings'
  /** What was parsed; zod's issues do not carry it. */
  readonly value: unknown
  readonly nodeId?: string
}

/** What is wrong with a part of a graph, each by its path and in both languages. */
export function explainPart(issues: readonly z.core.$ZodIssue[], { code, at, value, nodeId }: Part): GraphProblem[] {
  return issues
    .flatMap((issue) => detailIssue(issue, value))
    .map(({ pointer, detail }) => ({
      code,
      params: { detail },
      ...(nodeId !== undefined && { nodeId }),
      path: at + pointer,
    }))
}
