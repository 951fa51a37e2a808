import { createAwsClients } from '../../src/aws/clients.ts'
import { destinationSchema } from '../../src/domain/destination.ts'
import type { OpenLoads } from '../../src/maintenance/open-loads.ts'
import { type SweepReport, sweepDestination } from '../../src/maintenance/sweep-destination.ts'
import type { StraightLine } from './straight-line.ts'

/** A day, in milliseconds. */
const DAY_MS = 86_400_000

/** What no journal names. */
const NOTHING_OPEN: OpenLoads = { transferIds: new Set(), queryExecutionIds: new Set() }

/** A sweep of the world's destination as if it were some days later; things are taken from the age of a day. */
export async function sweepLater(
  world: Pick<StraightLine, 'bucket' | 'schema' | 'reader'>,
  options: { readonly days: number; readonly open?: OpenLoads; readonly dryRun?: boolean },
): Promise<SweepReport> {
  const { bucket, schema, reader } = world
  const { region, url: _, ...keys } = reader
  const access = { type: 'access-key', accessKeyId: 'env:UNUSED', secretAccessKey: 'env:UNUSED' }
  const place = { name: 'acme', region, workgroup: 'primary', bucket, schema }
  const destination = destinationSchema.parse({ ...place, database: 'acme_results', access })
  const clients = createAwsClients({
    place: { ...place, accountId: undefined },
    credentials: async () => keys,
  })
  try {
    return await sweepDestination(clients, {
      destination,
      open: options.open ?? NOTHING_OPEN,
      olderThanMs: DAY_MS,
      nowMs: Date.now() + options.days * DAY_MS,
      dryRun: options.dryRun ?? false,
      signal: AbortSignal.timeout(60_000),
    })
  } finally {
    clients.close()
  }
}

/** All keys of the bucket and names of the database's tables, each with its kind. */
export async function everythingOf({
  bucket,
  schema,
  customer,
}: Pick<StraightLine, 'bucket' | 'schema' | 'customer'>): Promise<readonly string[]> {
  const { Contents = [] } = await customer.s3.listObjectsV2({ Bucket: bucket })
  const { TableList = [] } = await customer.glue.getTables({ DatabaseName: schema })
  return [
    ...Contents.map(({ Key = '' }) => Key),
    ...TableList.map(({ Name = '' }) => `table ${Name}`),
  ].toSorted()
}
