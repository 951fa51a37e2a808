import { CommanderError } from 'commander'
import { toTransferError } from '../domain/errors.ts'
import type { Context } from './context.ts'
import { EXIT_CODES, exitCodeOf } from './exit-codes.ts'
import { createOutput } from './output.ts'
import { createProgram } from './program.ts'

/** Runs the command line and returns the exit code. SIGINT and SIGTERM abort what runs; a second one ends it at once. */
export async function runCli(args: readonly string[], env: Context['env']): Promise<number> {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort(new Error(name)))
  const output = createOutput(process, { json: args.includes('--json') })
  let exitCode: number = EXIT_CODES.success.code
  const program = createProgram(async run => {
    exitCode = await run({ env, output, signal: stop.signal })
  })
  program.exitOverride()
  for (const command of program.commands) command.exitOverride()
  try {
    await program.parseAsync(
      args.filter(argument => argument !== '--json'),
      { from: 'user' },
    )
    return exitCode
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : EXIT_CODES.usage.code
    const error = toTransferError(thrown)
    output.failure(error)
    return exitCodeOf(error)
  }
}
