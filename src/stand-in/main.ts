import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { seedSchema } from './admin/schemas.ts'
import { createStandIn } from './server.ts'

const USAGE =
  'usage: node src/stand-in/main.ts --data DIR [--port N] [--host H] [--engine duckdb|trino] [--trino-url URL] [--seed FILE]\n'

const argumentsSchema = z.strictObject({
  data: z.string().min(1),
  port: z.coerce.number().int().min(0).max(65_535).default(0),
  host: z.string().min(1).optional(),
  /** The SQL engine behind Athena; Trino is downloaded at its first start. */
  engine: z.enum(['duckdb', 'trino']).default('duckdb'),
  /** A Trino that runs already, for the Trino engine; it must reach this host's address. */
  'trino-url': z.url().optional(),
  seed: z.string().min(1).optional(),
})

/** Starts the stand-in, prints its address as one line of JSON and runs until a signal. */
async function main(): Promise<void> {
  const names = { data: TEXT, port: TEXT, host: TEXT, engine: TEXT, 'trino-url': TEXT, seed: TEXT }
  const { values } = parseArgs({ options: names })
  const settings = argumentsSchema.parse(values)
  const seed = settings.seed && seedSchema.parse(JSON.parse(await readFile(settings.seed, 'utf8')))
  const standIn = await createStandIn({
    dataDir: settings.data,
    port: settings.port,
    engine: settings.engine,
    ...(settings.host !== undefined && { host: settings.host }),
    ...(settings['trino-url'] !== undefined && { trinoUrl: settings['trino-url'] }),
    ...(seed && { seed }),
  })
  process.stdout.write(`${JSON.stringify({ url: standIn.url })}\n`)
  const stop = (): void => {
    standIn.close().then(
      () => process.exit(0),
      error => fail(error),
    )
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
}

const TEXT = { type: 'string' } as const

function fail(error: unknown): never {
  const text =
    error instanceof z.ZodError
      ? z.prettifyError(error)
      : error instanceof Error
        ? error.message
        : String(error)
  process.stderr.write(`${text}\n${USAGE}`)
  process.exit(2)
}

main().catch(fail)
