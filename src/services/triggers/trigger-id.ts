import { createHash } from 'node:crypto'
import { formatUuid } from '#lib/ids'

/** The id of a node's trigger, known before its row is there: a UUIDv8 (RFC 9562, 5.8) of workflow and node. */
export function triggerId(workflowId: string, nodeId: string): string {
  const bytes = createHash('sha256')
    .update(JSON.stringify(['trigger', workflowId, nodeId]))
    .digest()
    .subarray(0, 16)
  bytes.writeUInt8(0x80 | (bytes.readUInt8(6) & 0x0f), 6)
  bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8)
  return formatUuid(bytes)
}
