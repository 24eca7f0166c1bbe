import type { EventLog } from '#durable-objects/shared/event-log'

const READ_BATCH = 100

/** Whoever waits for what comes next, in memory alone. */
export interface Followers {
  /** To be called after each commit. */
  wake(): void
  /** There is nothing more to come: every stream is closed. */
  end(): void
  /** Resolves when `holds` does, or with false when the time is up. */
  until(holds: () => boolean, timeoutMs: number): Promise<boolean>
  /**
   * Events behind `after` as they come, encoded; read when the client asks for more, so that nothing is buffered. Ends
   * behind the first that is the last, and breaks off when the log has let go of what comes next: the client comes back.
   */
  stream<Event>(
    log: EventLog<Event>,
    after: number,
    encode: (seq: number, event: Event) => Uint8Array,
    isLast: (event: Event) => boolean,
  ): ReadableStream<Uint8Array>
}

export function createFollowers(): Followers {
  const waiting = new Set<() => void>()
  const next = (): Promise<void> => new Promise((woken) => waiting.add(woken))
  const state = { isOpen: true }

  function wake(): void {
    const woken = [...waiting]
    waiting.clear()
    for (const resolve of woken) resolve()
  }

  return {
    wake,
    end() {
      state.isOpen = false
      wake()
    },
    async until(holds, timeoutMs) {
      const controller = new AbortController()
      // A timer that is left behind keeps the actor in memory until it rings.
      const timeout = scheduler.wait(timeoutMs, { signal: controller.signal }).then(
        () => 'over' as const,
        () => undefined,
      )
      while (state.isOpen && !holds()) if ((await Promise.race([next(), timeout])) === 'over') break
      controller.abort()
      return state.isOpen && holds()
    },
    stream(log, after, encode, isLast) {
      let cursor = after
      const reader = { isOver: false, isCancelled: false }
      const leave = (how: Partial<typeof reader>): void => {
        Object.assign(reader, how)
        wake()
      }

      async function nextBatch() {
        for (;;) {
          const batch = state.isOpen ? log.read(cursor, READ_BATCH) : []
          if (batch.length > 0 || !state.isOpen || reader.isOver || reader.isCancelled) return batch
          await next()
        }
      }

      const source: UnderlyingByteSource = {
        type: 'bytes',
        async pull(controller) {
          // Whoever returns from here without a byte is not called again.
          for (let isFed = false; !isFed;) {
            const batch = await nextBatch()
            if (reader.isCancelled) return
            if (reader.isOver || batch[0]?.seq !== cursor + 1) {
              leave({ isOver: true })
              return controller.close()
            }
            for (const { seq, event } of batch) {
              cursor = seq
              const bytes = encode(seq, event)
              if (bytes.byteLength > 0) {
                controller.enqueue(bytes)
                isFed = true
              }
              if (!isLast(event)) continue
              leave({ isOver: true })
              return controller.close()
            }
          }
        },
        cancel: () => leave({ isCancelled: true }),
      }
      return new ReadableStream(source)
    },
  }
}
