import { describeError, logLine } from '#lib/log'

const RETRY_MS = 10_000

/**
 * Does what an alarm is for. It never throws: the platform drops an alarm whose handler has thrown six times (P5), so
 * what fails is told on the log and tried again in ten seconds.
 *
 * @param place ids for the log, read when it is written
 */
export async function ring(
  storage: Pick<DurableObjectStorage, 'setAlarm'>,
  work: () => void | Promise<void>,
  place: () => Readonly<Record<string, string | undefined>> = () => ({}),
): Promise<void> {
  try {
    await work()
  } catch (error) {
    logLine('error', { event: 'alarm_failed', ...place(), error: describeError(error) })
    await storage.setAlarm(Date.now() + RETRY_MS)
  }
}
