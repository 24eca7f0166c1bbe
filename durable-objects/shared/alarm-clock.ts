/**
 * Many timers on the one alarm that an actor has. An alarm that comes too early does no harm, and setting one costs a
 * commit: so a later wish waits until the earlier alarm has rung, and only an earlier one moves it.
 */
export interface AlarmClock {
  /** Rings at `time` (Unix milliseconds) or before; undefined wishes for nothing. */
  wakeBy(time: number | undefined): void
  /** To be called first in the alarm handler: the alarm is used up. */
  rang(): void
  /** Rings at `time` and not before: for when nothing else is wished for. */
  moveTo(time: number): void
  /** Takes the alarm away. */
  clear(): void
}

/** @param armedAt the alarm that storage holds, where it is known already */
export function createAlarmClock(storage: DurableObjectStorage, armedAt: number | null): AlarmClock {
  let armed = armedAt ?? undefined
  return {
    wakeBy(time) {
      if (time === undefined || (armed !== undefined && armed <= time)) return
      armed = time
      // Not awaited: it joins the commit of the writes around it, and the output gate waits for both.
      void storage.setAlarm(time)
    },
    rang() {
      armed = undefined
    },
    moveTo(time) {
      if (armed === time) return
      armed = time
      void storage.setAlarm(time)
    },
    clear() {
      if (armed === undefined) return
      armed = undefined
      void storage.deleteAlarm()
    },
  }
}
