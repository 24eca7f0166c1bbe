/**
 * A finished run as one object in R2: gzipped lines of JSON, first what the run is, then its events in order. Both ways
 * go line by line, so that a long history is never in memory as a whole.
 */
import { z } from 'zod'
import type { RunEvent } from '#core/workflow/event'
import { RunHeader } from '#core/workflow/execution'
import { Plan } from '#core/workflow/plan'
import { StoredEvent, toStored } from '#core/workflow/stored-event'

/** What a run was told at its start. */
export const ArchivedRun = z.object({ header: RunHeader, plan: Plan })
export type ArchivedRun = z.infer<typeof ArchivedRun>

/** A run's archive, opened for reading. */
export interface RunArchive {
  readonly run: ArchivedRun
  /** Its events behind `after`, each with its place; to be read once. */
  readonly events: (
    after: number,
  ) => AsyncGenerator<{ readonly seq: number; readonly event: RunEvent; readonly chars: number }>
}

/** Writes the object anew, whatever was there. */
export async function putRunArchive(
  bucket: Pick<R2Bucket, 'put'>,
  key: string,
  run: ArchivedRun,
  events: Iterable<RunEvent>,
): Promise<void> {
  const zipped = toLines(run, events).pipeThrough(new CompressionStream('gzip'))
  // R2 wants to know the length first. Compressed it is a small part of the whole.
  const body = await new Response(zipped).arrayBuffer()
  await bucket.put(key, body, { httpMetadata: { contentType: 'application/gzip' } })
}

/** The same as a text, for a short run. */
export function printRunArchive(run: ArchivedRun, events: readonly RunEvent[]): string {
  return [run, ...events.map(toStored)].map((line) => JSON.stringify(line)).join('\n')
}

/** Reads what `printRunArchive` has written. */
export function parseRunArchive(text: string): RunArchive {
  const [first = '', ...rest] = text.split('\n')
  return {
    run: ArchivedRun.parse(JSON.parse(first)),
    async *events(after) {
      for (const [index, line] of rest.slice(after).entries()) {
        yield { seq: after + index + 1, event: StoredEvent.parse(JSON.parse(line)), chars: line.length }
      }
    },
  }
}

/** The archive, or undefined where there is no such object. */
export async function openRunArchive(bucket: Pick<R2Bucket, 'get'>, key: string): Promise<RunArchive | undefined> {
  const object = await bucket.get(key)
  if (object === null) return undefined
  const lines = readLines(object.body)
  const first = await lines.next()
  if (first.done === true) throw new Error(`the archive ${key} is empty`)
  const run = ArchivedRun.parse(JSON.parse(first.value))
  return {
    run,
    async *events(after) {
      let seq = 0
      for await (const line of lines) {
        seq += 1
        if (seq > after) yield { seq, event: StoredEvent.parse(JSON.parse(line)), chars: line.length }
      }
    },
  }
}

function toLines(run: ArchivedRun, events: Iterable<RunEvent>): ReadableStream<BufferSource> {
  const encoder = new TextEncoder()
  const rest = events[Symbol.iterator]()
  const toLine = (value: unknown) => encoder.encode(`${JSON.stringify(value)}\n`)
  return new ReadableStream({
    start: (controller) => controller.enqueue(toLine(run)),
    pull(controller) {
      const { done, value } = rest.next()
      if (done === true) controller.close()
      else controller.enqueue(toLine(toStored(value)))
    },
  })
}

async function* readLines(zipped: ReadableStream): AsyncGenerator<string, undefined> {
  const texts = zipped.pipeThrough(new DecompressionStream('gzip')).pipeThrough(new TextDecoderStream())
  let begun = ''
  for await (const text of texts) {
    const [first = '', ...more] = text.split('\n')
    const last = more.pop()
    if (last === undefined) {
      begun += first
      continue
    }
    yield begun + first
    yield* more
    begun = last
  }
  return undefined
}
