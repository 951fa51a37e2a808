import { type Context, withQueue } from './context.ts'
import { EXIT_CODES } from './exit-codes.ts'
import { table } from './output.ts'

/** Lists the destinations to which no transfer is started for a while. */
export async function pausedCommand(context: Context): Promise<number> {
  return withQueue(context, async queue => {
    const paused = await queue.pausedDestinations()
    const rows = paused.map(({ destination, pausedUntil, failures, reason }) => [
      ...[destination, pausedUntil, failures, reason.code, reason.message],
      reason.hint,
    ])
    const head = ['destination', 'paused until', 'failures', 'code', 'last failure', "the customer's move"]
    context.output.result(paused, () => table(head, rows))
    return EXIT_CODES.success.code
  })
}

/** Ends a destination's pause: what waits for it starts. */
export async function resumeCommand(context: Context, destination: string): Promise<number> {
  return withQueue(context, async queue => {
    const resumed = await queue.resume(destination)
    const human = (): string =>
      resumed ? `destination ${destination} is resumed` : `destination ${destination} was not paused`
    context.output.result({ destination, resumed }, human)
    return EXIT_CODES.success.code
  })
}
