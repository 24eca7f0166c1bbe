/** A reader of server-sent events, inside workerd. */
import { exports } from 'cloudflare:workers'

export interface ServerEvent {
  readonly id: string
  readonly event: string
  readonly data: string
}

export interface TestStream {
  readonly response: Response
  /** Reads on until an event holds; those before it are kept for `rest`. */
  until(holds: (event: ServerEvent) => boolean): Promise<ServerEvent>
  /** Everything from the first event to the end. @throws when the stream breaks off */
  rest(): Promise<ServerEvent[]>
  /** The same, with what broke it off. */
  toEnd(): Promise<{ readonly events: ServerEvent[]; readonly error: unknown }>
  cancel(): Promise<void>
}

/** Opens a stream below `/api/v1`; nothing is read before somebody waits for it. */
export async function openEvents(path: string, headers: Record<string, string> = {}): Promise<TestStream> {
  const request = new Request(`http://synapscale.test/api/v1${path}`, {
    headers: { Accept: 'text/event-stream', ...headers },
  })
  const response = await exports.default.fetch(request)
  const events: ServerEvent[] = []
  const reader = response.body?.getReader()
  const decoder = new TextDecoder()
  let text = ''

  /** False at the end. */
  async function read(): Promise<boolean> {
    const { done, value } = (await reader?.read()) ?? { done: true }
    const parts = (text + decoder.decode(value, { stream: !done })).split('\n\n')
    text = parts.pop() ?? ''
    events.push(...parts.map(parse).filter((event) => event !== undefined))
    return !done
  }

  const rest = async (): Promise<ServerEvent[]> => {
    while (await read());
    return events
  }

  return {
    response,
    async until(holds) {
      for (;;) {
        const found = events.find(holds)
        if (found !== undefined) return found
        if (!(await read())) throw new Error('the stream has ended')
      }
    },
    rest,
    async toEnd() {
      const error: unknown = await rest().then(
        () => undefined,
        (reason: unknown) => reason,
      )
      return { events, error }
    },
    cancel: async () => reader?.cancel(),
  }
}

function parse(block: string): ServerEvent | undefined {
  const lines = new Map(block.split('\n').map((line) => [line.split(': ', 1)[0] ?? '', line.replace(/^\w*: /, '')]))
  const [id, event, data] = [lines.get('id'), lines.get('event'), lines.get('data')]
  return id === undefined || event === undefined || data === undefined ? undefined : { id, event, data }
}
