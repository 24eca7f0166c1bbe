/** Large values of runs as objects in R2: their JSON as it is, so that it is served without being read. */

/** Writes the object; the same content under the same key again does no harm. */
export async function putValue(bucket: Pick<R2Bucket, 'put'>, key: string, json: Uint8Array): Promise<void> {
  await bucket.put(key, json, { httpMetadata: { contentType: 'application/json' } })
}

/** The first of these objects that is there. */
export async function openValue(
  bucket: Pick<R2Bucket, 'get'>,
  keys: readonly string[],
): Promise<R2ObjectBody | undefined> {
  for (const key of keys) {
    const object = await bucket.get(key)
    if (object !== null) return object
  }
  return undefined
}

/** Copies an object unless it is there already; false when there is none to copy. */
export async function copyValue(
  bucket: Pick<R2Bucket, 'get' | 'head' | 'put'>,
  from: string,
  to: string,
): Promise<boolean> {
  if ((await bucket.head(to)) !== null) return true
  const object = await bucket.get(from)
  if (object === null) return false
  await bucket.put(to, object.body, { httpMetadata: { contentType: 'application/json' } })
  return true
}
