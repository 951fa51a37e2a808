import { type Command, InvalidArgumentError, Option } from 'commander'
import { momentSchema, type TransferWindow, transferWindowSchema } from '../domain/transfer-window.ts'

/** The two options of a window, as they were given. */
export interface WindowOptions {
  readonly from?: string | undefined
  readonly to?: string | undefined
}

/** Adds `--from` and `--to` to a command, beside which another option makes no sense. */
export function addWindow(command: Command, conflicting: string): Command {
  const options = [
    new Option('--from <moment>', 'only rows whose cursor is at or after it, such as 2026-01-31T00:00:00Z'),
    new Option('--to <moment>', 'and before it'),
  ]
  for (const option of options) command.addOption(option.argParser(parseMoment).conflicts(conflicting))
  return command
}

function parseMoment(text: string): string {
  const outcome = momentSchema.safeParse(text)
  if (outcome.success) return outcome.data
  throw new InvalidArgumentError(outcome.error.issues.map(issue => issue.message).join('; '))
}

/** The window that both options make; undefined without them. Ends the command when they make none. */
export function windowOf({ from, to }: WindowOptions, command: Command): TransferWindow | undefined {
  if (from === undefined && to === undefined) return undefined
  if (from === undefined || to === undefined)
    command.error("error: options '--from <moment>' and '--to <moment>' need each other")
  const outcome = transferWindowSchema.safeParse({ from, to })
  if (outcome.success) return outcome.data
  command.error(`error: ${outcome.error.issues.map(issue => issue.message).join('; ')}`)
}
