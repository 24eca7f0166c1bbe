/** The only door to the actors: by an id that PostgreSQL knows or that carries our own check (`auth/sealed-id`). */
import type { ChatMessage } from '#core/chat/message'
import type {
  ChatHeader,
  Decision,
  DecisionAnswer,
  SayAnswer,
  SayOrder,
  SomeMessages,
  WorkflowAnswer,
} from '#core/chat/turn'
import type { Connection, Verdict } from '#core/hub/connection'
import type { ExecutionNews } from '#core/hub/news'
import type { ExecutionFrame, ExecutionRecord, SomeVisits, VisitRange } from '#core/workflow/execution'
import type { ChildEnd, RunResponse, Signal, VisitRef } from '#core/workflow/event'
import type { Holes } from '#core/workflow/value'
import type { RunOrder } from '#core/workflow/order'
import type { JsonObject } from '#lib/json'
import type { ApprovalDecision, ApprovalReply, ApprovalState, SignalAnswer, VisitWait } from '#core/workflow/waits'

/** What every actor answers that has sockets: the hub of their workspace asks. */
export interface SocketActor {
  /** Closes these of its sockets; those that it does not have (any more) are no error. */
  endSockets(ids: readonly string[], code: number, reason: string): Promise<void>
  /** The ids of its open sockets. */
  openSockets(): Promise<string[]>
}

/** What a run's actor answers; undefined where the run is not that workspace's or was never started. */
export interface WorkflowRunActor extends SocketActor {
  start(order: RunOrder): Promise<ExecutionRecord>
  retryOrder(workspaceId: string): Promise<Omit<RunOrder, 'header'> | undefined>
  describe(workspaceId: string): Promise<ExecutionRecord | undefined>
  waitFinished(workspaceId: string, timeoutMs: number): Promise<ExecutionRecord | undefined>
  visits(workspaceId: string, range: VisitRange): Promise<SomeVisits | undefined>
  events(workspaceId: string, after: number, limit: number): Promise<ExecutionFrame[] | undefined>
  cancel(workspaceId: string, by: string | null): Promise<boolean | undefined>
  pause(workspaceId: string, by: string | null): Promise<boolean | undefined>
  resume(workspaceId: string, by: string | null): Promise<boolean | undefined>
  signal(workspaceId: string, signal: Signal): Promise<SignalAnswer | undefined>
  waits(workspaceId: string): Promise<VisitWait[] | undefined>
  approval(workspaceId: string, visit: VisitRef): Promise<ApprovalState | undefined>
  decideApproval(workspaceId: string, visit: VisitRef, decision: ApprovalDecision): Promise<ApprovalReply | undefined>
  childFinished(workspaceId: string, visit: VisitRef, end: ChildEnd & Holes): Promise<boolean | undefined>
  waitResponse(workspaceId: string, timeoutMs: number): Promise<(RunResponse & Holes) | undefined>
  fetch(request: Request): Promise<Response>
}

/** The actor of one execution. */
export function workflowRun(env: Env, executionId: string): WorkflowRunActor {
  const { WORKFLOW_RUN } = env
  const stub: unknown = WORKFLOW_RUN.get(WORKFLOW_RUN.idFromName(executionId))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the generated type maps a recursive JSON type and never ends
  return stub as WorkflowRunActor
}

/** What a workspace's hub answers. */
export interface WorkspaceHubActor {
  /** Takes a socket into the books, and then asks PostgreSQL whether it may stay (H1). */
  register(workspaceId: string, connection: Connection): Promise<Verdict>
  /** True once for each ticket: for sockets that no actor of their own opens. */
  burnTicket(workspaceId: string, ticket: { readonly id: string; readonly expiresAt: number }): Promise<boolean>
  /** The socket is gone. */
  release(id: string): Promise<void>
  /** Ends what PostgreSQL no longer allows, of one user or of all. */
  recheck(userId?: string): Promise<void>
  /** An execution started, waits or ended. */
  tell(news: ExecutionNews): Promise<void>
  fetch(request: Request): Promise<Response>
}

/** The hub of one workspace: only for ids that PostgreSQL knows. */
export function workspaceHub(env: Env, workspaceId: string): WorkspaceHubActor {
  const { WORKSPACE_HUB } = env
  const stub: unknown = WORKSPACE_HUB.get(WORKSPACE_HUB.idFromName(workspaceId))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
  return stub as WorkspaceHubActor
}

/** What the actor of a schedule answers. */
export interface ScheduleActor {
  /** PostgreSQL is about to say something else: it looks there within seconds, whatever becomes of the caller. */
  expect(triggerId: string): Promise<void>
  /** It looks in PostgreSQL now. */
  sync(triggerId: string): Promise<void>
}

/** The schedule of one trigger: only for ids that PostgreSQL knows or is about to. */
export function schedule(env: Env, triggerId: string): ScheduleActor {
  const { SCHEDULE } = env
  const stub: unknown = SCHEDULE.get(SCHEDULE.idFromName(triggerId))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
  return stub as ScheduleActor
}

/** What looks after everything that nobody else is awake for. */
export interface MaintenanceActor {
  /** Sees to it that the sweeps are going on, and that one comes within minutes. */
  poke(): Promise<void>
  /** There is something to delete. */
  sweepSoon(): Promise<void>
  /** A file is about to be there that starts workflows. */
  deliverSoon(): Promise<void>
}

/** The one of the installation. */
export function maintenance(env: Env): MaintenanceActor {
  return env.MAINTENANCE.getByName('maintenance')
}

export interface TurnPlace {
  readonly id: string
  readonly messageId: string
  readonly after: number
}

/** What a chat's actor answers; undefined where the chat is not that workspace's. */
export interface ChatSessionActor extends SocketActor {
  /** Durable when it returns; the same id says nothing new. */
  say(header: ChatHeader, order: SayOrder): Promise<SayAnswer>
  /** Answers again: what was answered to this message, or this answer, and all behind it is superseded. */
  regenerate(header: ChatHeader, messageId: string, userId: string): Promise<SayAnswer>
  /** Ends the turn that is under way; false when there is none. */
  stop(workspaceId: string): Promise<boolean>
  decide(workspaceId: string, decision: Decision): Promise<DecisionAnswer>
  /** What the execution says that answers a turn; the first time counts. */
  answered(workspaceId: string, turnId: string, answer: WorkflowAnswer): Promise<void>
  /** The answer of a turn once it is over or waits for a person; undefined when that takes longer. */
  waitTurn(workspaceId: string, turnId: string, timeoutMs: number): Promise<ChatMessage | undefined>
  /** Counted from the newest, in reading order. */
  messages(workspaceId: string, skip: number, limit: number): Promise<SomeMessages>
  message(workspaceId: string, id: string): Promise<ChatMessage | undefined>
  /** A turn, or the one whose answer is under way: its answer's id, and behind which `seq` it began. */
  place(workspaceId: string, turnId?: string): Promise<TurnPlace | undefined>
  /** The turn that is under way, and the last `seq`. */
  position(workspaceId: string): Promise<{ readonly turnId: string; readonly after: number } | undefined>
  /** Something of the chat was changed: sockets are told, and those that may not see it any more are ended. */
  changed(header: ChatHeader, data: JsonObject, onlyFor?: string): Promise<void>
  /** Nothing of it is left. */
  destroy(): Promise<void>
  fetch(request: Request): Promise<Response>
}

/** The actor of one chat: only for ids that PostgreSQL knows. */
export function chatSession(env: Env, chatId: string): ChatSessionActor {
  const { CHAT_SESSION } = env
  const stub: unknown = CHAT_SESSION.get(CHAT_SESSION.idFromName(chatId))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
  return stub as ChatSessionActor
}

/** What sends a workspace's events to whom it has subscribed. */
export interface EventDispatchActor {
  /** There is something to send. */
  poke(workspaceId: string): Promise<void>
}

/** The one of a workspace: only for ids that PostgreSQL knows. */
export function eventDispatch(env: Env, workspaceId: string): EventDispatchActor {
  return env.EVENT_DISPATCH.getByName(workspaceId)
}
