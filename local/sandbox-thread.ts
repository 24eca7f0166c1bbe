/** One thread of the sandbox: takes a request at a time and gives its answer. Whoever started it kills it at the deadline. */
import { parentPort } from 'node:worker_threads'
import { createEngine } from '#sandbox/engine'
import { serve } from '#sandbox/serve'
import { loadQuickjs } from './quickjs.ts'

const port = parentPort
if (port === null) throw new Error('local/sandbox-thread.ts runs as a worker thread')
const engine = createEngine(await loadQuickjs())

port.on('message', (request: string) => {
  void serve(engine, request).then((answer) => port.postMessage(answer))
})
port.postMessage('ready')
