import { createHash } from 'node:crypto'
import { uuidv8 } from '#lib/ids'

/** The id of a node's trigger, known before its row is there: it follows from workflow and node. */
export function triggerId(workflowId: string, nodeId: string): string {
  return uuidv8(
    createHash('sha256')
      .update(JSON.stringify(['trigger', workflowId, nodeId]))
      .digest(),
  )
}
