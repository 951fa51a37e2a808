import { Command, Option } from 'commander'
import { TRANSFER_STATUSES, type TransferStatus } from '../domain/transfer.ts'
import type { Context } from './context.ts'
import { EXIT_CODES } from './exit-codes.ts'
import { manifestKeyCommand } from './manifest-key-command.ts'
import { pausedCommand, resumeCommand } from './pause-commands.ts'
import { planCommand } from './plan-command.ts'
import { policyCommand, schemaCommand, trustPolicyCommand } from './policy-commands.ts'
import { queryCommand } from './query-command.ts'
import {
  cancelCommand,
  type EnqueueOptions,
  enqueueCommand,
  listCommand,
  retryCommand,
  statusCommand,
} from './queue-commands.ts'
import { type RejectedOptions, rejectedCommand } from './rejected-command.ts'
import { runCommand } from './run-command.ts'
import { singerCommand } from './singer-command.ts'
import { standInCommand } from './stand-in-command.ts'
import { resetStateCommand, setStateCommand, showStateCommand } from './state-commands.ts'
import { type SweepCommandOptions, sweepCommand } from './sweep-command.ts'
import { addWindow, type WindowOptions, windowOf } from './window-options.ts'
import { workerCommand } from './worker-command.ts'

/** Runs the command of a context and keeps its exit code. */
type Execute = (run: (context: Context) => Promise<number>) => Promise<void>

interface RunOptions extends WindowOptions {
  readonly model?: string[]
  readonly singer?: string
  readonly state?: string
}

/** All commands, each with an example in its help. */
export function createProgram(execute: Execute): Command {
  const program = new Command('athena-transfer')
    .description(
      "Loads models' rows into Iceberg tables in the customer's own AWS account, each row exactly once.",
    )
    .option('--json', 'print JSON, also on a terminal')
    .addHelpText('after', `\nExit codes:\n${exitCodes()}`)
  const add = (usage: string, description: string, example: string): Command =>
    program
      .command(usage)
      .description(description)
      .addHelpText('after', `\nExample:\n  athena-transfer ${example}`)

  add('worker', 'take transfer jobs from the queue until SIGTERM', 'worker').action(() =>
    execute(workerCommand),
  )
  addWindow(add('enqueue <destination>', 'put a transfer into the queue', 'enqueue acme --wait'), 'full')
    .option('--full', 'read all rows, not only those since the last transfer')
    .option('--model <name...>', 'only these models')
    .option('--id <transferId>', 'the same id twice is one transfer')
    .option('--merge', 'join the transfer of the destination that waits already, if there is one')
    .option('--wait', 'stay until it has ended')
    .action(
      (destination: string, { from, to, ...options }: EnqueueOptions & WindowOptions, command: Command) => {
        const window = windowOf({ from, to }, command)
        return execute(context =>
          enqueueCommand(context, destination, { ...options, ...(window && { window }) }),
        )
      },
    )
  addWindow(
    add('run <destination>', 'run one transfer here: all rows, no queue', 'run acme --model invoices'),
    'singer',
  )
    .option('--model <name...>', 'only these models')
    .addOption(
      new Option('--singer <file>', 'load the streams of a Singer file, or of standard input: -').conflicts(
        'model',
      ),
    )
    .option('--state <file>', 'with --singer: write STATE there, not to standard output')
    .action((destination: string, { model, singer, state, from, to }: RunOptions, command: Command) => {
      const window = windowOf({ from, to }, command)
      if (state !== undefined && singer === undefined)
        command.error("error: option '--state <file>' needs option '--singer <file>'")
      return execute(context =>
        singer === undefined
          ? runCommand(context, destination, { models: model, window })
          : singerCommand(context, destination, { singer, ...(state === undefined ? {} : { state }) }),
      )
    })
  add('status <transferId>', 'tell how a transfer stands', 'status 01jd5x6c9v3v8k2m4n6p8q0r2s').action(
    (id: string) => execute(context => statusCommand(context, id)),
  )
  add('list', 'list transfers, the newest first', 'list --destination acme --status ERROR')
    .option('--destination <name>')
    .addOption(new Option('--status <status>').choices(TRANSFER_STATUSES))
    .option('--limit <count>', 'at most 1000', Number, 50)
    .action((options: { destination?: string; status?: TransferStatus; limit: number }) =>
      execute(context => listCommand(context, options)),
    )
  add('paused', 'list paused destinations: why, whose move, and until when', 'paused').action(() =>
    execute(pausedCommand),
  )
  add('resume <destination>', 'end the pause of a destination at once', 'resume acme').action(
    (destination: string) => execute(context => resumeCommand(context, destination)),
  )
  add(
    'cancel <transferId>',
    'end a transfer; what is loaded stays',
    'cancel 01jd5x6c9v3v8k2m4n6p8q0r2s',
  ).action((id: string) => execute(context => cancelCommand(context, id)))
  add(
    'rejected <transferId> [model]',
    "print the rows that did not fit, from the customer's bucket",
    'rejected 01jd5x6c9v3v8k2m4n6p8q0r2s invoices',
  )
    .option('--destination <name>', 'of a transfer that the queue does not know')
    .action((id: string, model: string | undefined, options: RejectedOptions) =>
      execute(context => rejectedCommand(context, [id, model], options)),
    )
  add(
    'retry <transferId>',
    'run the failed models of a transfer again, as a new transfer',
    'retry 01jd5x6c9v3v8k2m4n6p8q0r2s --wait',
  )
    .option('--id <transferId>', 'the same id twice is one transfer')
    .option('--wait', 'stay until it has ended')
    .action((id: string, options: Pick<EnqueueOptions, 'id' | 'wait'>) =>
      execute(context => retryCommand(context, id, options)),
    )
  add('plan <destination>', 'print what a transfer would do; changes nothing', 'plan acme')
    .option('--model <name...>', 'only these models')
    .action((destination: string, { model }: { model?: string[] }) =>
      execute(context => planCommand(context, destination, model)),
    )
  add(
    'query <destination> <sql>',
    "run a SELECT in the destination's workgroup",
    `query acme 'SELECT count(*) FROM "acme_export"."invoices"'`,
  ).action((destination: string, sql: string) => execute(context => queryCommand(context, destination, sql)))
  add(
    'sweep <destination>',
    'remove what attempts that died left in the account; nothing of an open load',
    'sweep acme --dry-run',
  )
    .option('--dry-run', 'change nothing, tell what would be removed')
    .option('--older-than <age>', 'age from which things are taken: 90s, 30m, 24h or 7d')
    .action((destination: string, options: SweepCommandOptions) =>
      execute(context => sweepCommand(context, destination, options)),
    )
  addState(program, execute)
  add('policy <destination>', 'print the permission policy for the customer', 'policy acme')
    .option('--account <id>', 'account id, where the destination does not tell it')
    .action((destination: string, { account }: { account?: string }) =>
      execute(context => policyCommand(context, destination, account)),
    )
  add('trust-policy <destination>', 'print the trust policy for the customer', 'trust-policy acme').action(
    (destination: string) => execute(context => trustPolicyCommand(context, destination)),
  )
  add('manifest-key', 'print the public key that verifies manifests', 'manifest-key').action(() =>
    execute(manifestKeyCommand),
  )
  add(
    'schema <kind>',
    'print the JSON Schema of destination, source or model files',
    'schema model > model.schema.json',
  ).action((kind: string) => execute(context => schemaCommand(context, kind)))
  add(
    'stand-in [args...]',
    'run the local stand-in of AWS; see its --help',
    'stand-in --data .data --port 4566',
  )
    .allowUnknownOption()
    .helpOption(false)
    .action((args: string[]) => execute(context => standInCommand(args, context.signal)))
  return program
}

function addState(program: Command, execute: Execute): void {
  const state = program
    .command('state')
    .description('look at or change what is remembered between transfers')
    .addHelpText('after', '\nExample:\n  athena-transfer state set acme invoices 2026-01-31T12:00:00Z')
  state
    .command('show <destination>')
    .description("print the watermarks of the destination's models")
    .action((destination: string) => execute(context => showStateCommand(context, destination)))
  state
    .command('set <destination> <model> <watermark>')
    .description('read on from there, less the lookback')
    .action((destination: string, model: string, watermark: string) =>
      execute(context => setStateCommand(context, destination, model, watermark)),
    )
  state
    .command('reset <destination> <model>')
    .description('let the next transfer read everything')
    .action((destination: string, model: string) =>
      execute(context => resetStateCommand(context, destination, model)),
    )
}

function exitCodes(): string {
  return Object.values(EXIT_CODES)
    .map(({ code, means }) => `  ${code}  ${means}`)
    .join('\n')
}
