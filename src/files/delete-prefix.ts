/** What R2 lists, and deletes, in one call. */
const OBJECTS_AT_ONCE = 1_000

/**
 * Deletes objects whose keys begin so, as many as one call takes.
 *
 * @param prefix ends with a slash: half a name would be others' as well
 * @returns whether there may be more
 */
export async function deletePrefix(bucket: Pick<R2Bucket, 'list' | 'delete'>, prefix: string): Promise<boolean> {
  if (!prefix.endsWith('/')) throw new Error('a prefix that does not end with a slash')
  const { objects, truncated } = await bucket.list({ prefix, limit: OBJECTS_AT_ONCE })
  if (objects.length > 0) await bucket.delete(objects.map(({ key }) => key))
  return truncated
}
