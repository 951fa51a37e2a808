import { readTarget } from '../catalog/read-target.ts'
import { STAGING_PREFIX } from '../catalog/staging-table.ts'
import { destinationNamed, modelsOf } from '../config/load-config.ts'
import type { Destination } from '../domain/destination.ts'
import { s3Uri, stagingPrefix, tablePrefix } from '../domain/locations.ts'
import type { Model } from '../domain/model.ts'
import { SPLITS } from '../domain/split.ts'
import { modelForTable } from '../load/model-for-table.ts'
import { type LoadPlan, NOTHING_STAGED, planLoad } from '../load/plan-load.ts'
import type { DestinationClients } from '../transfer/ports.ts'
import { readPartitions } from '../transfer/read-partitions.ts'
import { readTableRecord } from '../transfer/table-records.ts'
import { type Context, composed } from './context.ts'

/** Stands in plans for the ids that a transfer makes anew. */
const NEW_ID = 'NEW'

/** Prints what a transfer would do to each model's tables. Reads the catalog, changes nothing, runs no statement. */
export async function planCommand(
  context: Context,
  destinationName: string,
  only?: readonly string[],
): Promise<number> {
  const { config, composition } = await composed(context)
  const destination = destinationNamed(config, destinationName)
  const clients = await composition.connect(destination)
  try {
    const plans: LoadPlan[] = []
    for (const model of modelsOf(config, destination, only))
      plans.push(await planModel(clients, destination, model))
    const shown = plans.map(({ planned: _, ...plan }) => plan)
    context.output.result(shown, () => plans.map(describePlan).join('\n\n'))
    return 0
  } finally {
    clients.close()
  }
}

async function planModel(
  clients: DestinationClients,
  destination: Destination,
  model: Model,
): Promise<LoadPlan> {
  const { bucket, schema: database } = destination
  const target = await readTarget(clients.glue, database, model.tableName)
  const record = await readTableRecord(clients.s3, destination, model, target)
  const ofTable = modelForTable({ model, target, record })
  return planLoad({
    database,
    model: ofTable,
    writeMode: model.writeMode,
    target,
    record,
    targetLocation: s3Uri(bucket, tablePrefix(destination, model.tableName, NEW_ID)),
    stagingTable: `${STAGING_PREFIX}${NEW_ID}`,
    stagingLocation: s3Uri(bucket, stagingPrefix(destination, NEW_ID, model.tableName, NEW_ID)),
    partitionedBy: await readPartitions(clients.s3, ofTable, { target, record }),
    ...NOTHING_STAGED,
  })
}

function describePlan(plan: LoadPlan): string {
  return [
    `-- ${plan.database}.${plan.table}`,
    ...plan.renamedColumns.map(({ source, table }) => `-- column ${JSON.stringify(source)} is ${table}`),
    ...plan.notices.map(notice => `-- ${notice}`),
    plan.targetStatements.length === 0 ? '-- target: as the model says' : '-- target (Athena DDL, free):',
    ...plan.targetStatements,
    `-- staging table through Glue: ${plan.staging.table} on ${plan.staging.location}`,
    ...plan.staging.columns.map(column => `--   ${column.name} ${column.type}`),
    ...describeLoad(plan),
  ].join('\n')
}

function describeLoad({ load, partitionedBy }: LoadPlan): readonly string[] {
  const { steps, splits } = load
  const mayGrow = partitionedBy.length > 0 && !splits.includes('partitions')
  return [
    `-- load (${steps.length === 1 ? 'the one statement' : `${steps.length} statements`}; literal bounds of the staged keys are added to ON):`,
    ...splits.map(reason => `-- divided, as ${SPLITS[reason].when} Relaxed: ${SPLITS[reason].relaxed}`),
    ...(mayGrow ? ['-- rows of more than 100 partitions are loaded in as many statements as it takes'] : []),
    steps.map(({ sql }) => sql).join(';\n'),
  ]
}
