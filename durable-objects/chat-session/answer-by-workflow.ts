import { startChatExecution } from '#services/chats/start-chat-execution'
import type { Answerer } from './answerer.ts'

/** Starts the execution that answers: until it tells the chat what it says, nobody waits here. */
export const answerByWorkflow: Answerer = async (env, header, turn, { messages, starting }) => {
  const { workflow } = turn
  if (workflow === undefined) throw new Error('a turn without a workflow')
  const started = startChatExecution(env, header, { ...turn, workflow }, messages.kept())
  starting(started)
  await started
  return { status: 'elsewhere' }
}
