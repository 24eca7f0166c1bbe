/** Where objects are in R2: whatever a workspace owns begins with its prefix, and goes with it. */

export const WORKSPACES = 'workspaces/'

/** Of everything that belongs to one attempt to make a file: its bytes, and what may be derived from them. */
export function blobPrefix(workspaceId: string, fileId: string, blobId: string): string {
  return `${WORKSPACES}${workspaceId}/files/${fileId}/${blobId}/`
}

/** Of the bytes. Nothing in it comes from a client. */
export function blobKey(workspaceId: string, fileId: string, blobId: string): string {
  return `${blobPrefix(workspaceId, fileId, blobId)}content`
}

const BLOB = /^workspaces\/[0-9a-f-]{36}\/files\/([0-9a-f-]{36})\/([0-9a-f-]{36})\//

/** The file and the attempt that a key belongs to, if it is a file's. */
export function readBlobKey(key: string): { readonly fileId: string; readonly blobId: string } | undefined {
  const [, fileId, blobId] = BLOB.exec(key) ?? []
  return fileId === undefined || blobId === undefined ? undefined : { fileId, blobId }
}
