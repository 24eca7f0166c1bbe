/** Lets in whoever brings so many bytes into memory, as long as there is room; in the order of asking. */
export interface ByteGate {
  /** Resolves when there is room, with what gives it back; to be called once or more. Who alone is too much gets in alone. */
  enter(bytes: number): Promise<() => void>
}

export function createByteGate(capacity: number): ByteGate {
  let used = 0
  const queue: { readonly bytes: number; readonly open: () => void }[] = []

  function letIn(): void {
    for (let next = queue[0]; next !== undefined && (used === 0 || used + next.bytes <= capacity); next = queue[0]) {
      queue.shift()
      used += next.bytes
      next.open()
    }
  }

  return {
    async enter(bytes) {
      if (bytes === 0) return () => undefined
      const { promise, resolve } = Promise.withResolvers<void>()
      queue.push({ bytes, open: resolve })
      letIn()
      await promise
      let isIn = true
      return () => {
        if (!isIn) return
        isIn = false
        used -= bytes
        letIn()
      }
    },
  }
}
