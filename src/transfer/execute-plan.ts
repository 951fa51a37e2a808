import { describeTable } from '../catalog/describe-table.ts'
import { resultsLocation } from '../domain/locations.ts'
import type { LoadPlan } from '../load/plan-load.ts'
import { readUpdateCount } from '../query/read-results.ts'
import type { QueryOptions, QueryOutcome } from '../query/run-query.ts'
import { runStatement } from '../query/run-statement.ts'
import type { DestinationClients, TransferDeps } from './ports.ts'
import { type Executed, NOTHING_EXECUTED, runSteps } from './run-steps.ts'
import type { ModelJob } from './transfer-model.ts'

/** False when nothing is to be loaded: no rows to bring, or just those that are there. An overwrite by no rows empties. */
export function isLoadNeeded(
  plan: LoadPlan,
  staged: { readonly rowCount: number; readonly isUnchanged: boolean },
): boolean {
  return !staged.isUnchanged && (staged.rowCount > 0 || plan.writeMode === 'overwrite')
}

/**
 * Brings the target to its shape, runs the load's statements, **the commit point**, and makes sure of the table's
 * description. Without rows to load only the target is looked after.
 *
 * @throws {TransferError} of the statement that failed.
 */
export async function executePlan(
  clients: DestinationClients,
  deps: TransferDeps,
  job: ModelJob,
  step: {
    readonly plan: LoadPlan
    readonly staged: { readonly rowCount: number; readonly isUnchanged: boolean }
    readonly signal: AbortSignal
  },
): Promise<Executed> {
  const { plan, staged, signal } = step
  const options = queryOptions(clients, deps, job, signal)
  const run = (name: string, sql: string): Promise<QueryOutcome> => {
    const { transferId } = job.transfer
    return runStatement(clients.athena, { transferId, model: job.model.name, step: name, sql }, options)
  }
  for (const sql of plan.targetStatements) await run('target', sql)
  const executed = isLoadNeeded(plan, staged)
    ? await runSteps(
        plan,
        sql => run('load', sql),
        id => readUpdateCount(clients.athena, id),
      )
    : NOTHING_EXECUTED
  const { description } = job.model
  // After the load: a commit of Athena's writes the entry, and what it keeps of it is not documented.
  if (description !== undefined) await describeTable(clients.glue, plan.database, plan.table, description)
  return executed
}

/** How a destination's statements are run. */
export function queryOptions(
  { accountId }: Pick<DestinationClients, 'accountId'>,
  { queryTimeoutMs }: Pick<TransferDeps, 'queryTimeoutMs'>,
  { destination }: Pick<ModelJob, 'destination'>,
  signal: AbortSignal,
): QueryOptions {
  const { name, region, workgroup, bucket, schema } = destination
  const outputLocation = resultsLocation(destination)
  return {
    name,
    region,
    workgroup,
    bucket,
    schema,
    accountId,
    outputLocation,
    timeoutMs: queryTimeoutMs,
    signal,
  }
}
