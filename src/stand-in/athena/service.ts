import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import {
  type Authorizer,
  AwsError,
  type Catalog,
  type Faults,
  type JsonService,
  type ObjectStore,
} from '../services.ts'
import { catalogActions } from './api/catalog-actions.ts'
import { openExecutions } from './api/executions.ts'
import { queryActions } from './api/query-actions.ts'
import { createQueryRunner } from './api/run-query.ts'
import { workgroupActions } from './api/workgroup-actions.ts'
import { openWorkgroups, workgroupSchema } from './api/workgroups.ts'
import { createDuckDbEngine } from './duckdb/engine.ts'
import type { CatalogSource } from './trino/catalogs.ts'
import { createTrinoEngine } from './trino/engine.ts'

/** What Athena needs of the rest of the stand-in. */
export interface AthenaDependencies {
  /** A folder of Athena's own: executions and workgroups survive a restart in it. */
  readonly dataDir: string
  readonly store: ObjectStore
  readonly catalog: Catalog
  readonly authorizer: Authorizer
  readonly faults: Faults
  /** A running Trino to run statements in; DuckDB does without it. */
  readonly trino?: CatalogSource
}

/** Athena's actions, and the one thing an operator sets up beside them. */
export interface AthenaService extends JsonService {
  /**
   * Adds or replaces a workgroup of one region (`region`), or of all; `primary` is there without it.
   *
   * @throws {ZodError} for settings other than those of `workgroupSchema`.
   */
  putWorkgroup(accountId: string, workgroup: Readonly<Record<string, unknown>>): Promise<void>
}

/**
 * Opens Athena over one data directory.
 *
 * Queries run in child processes, as the caller who started them; `close` stops those that still run.
 */
export async function createAthenaService(deps: AthenaDependencies): Promise<AthenaService> {
  await rm(join(deps.dataDir, 'work'), { recursive: true, force: true })
  await mkdir(deps.dataDir, { recursive: true })
  const executions = await openExecutions(deps.dataDir)
  const workgroups = await openWorkgroups(deps.dataDir)
  const engine = deps.trino ? createTrinoEngine({ ...deps, trino: deps.trino }) : createDuckDbEngine(deps)
  const runner = createQueryRunner({ ...deps, engine, executions })
  const actions = new Map(
    Object.entries({
      ...queryActions({ ...deps, engine, executions, workgroups, runner }),
      ...workgroupActions({ ...deps, workgroups }),
      ...catalogActions(deps),
    }),
  )
  return {
    async handle(action, body, caller) {
      const answer = actions.get(action)
      if (!answer) throw new AwsError('UnknownOperationException', 400, `Unknown operation: ${action}`)
      return answer(body, caller)
    },
    putWorkgroup(accountId, workgroup) {
      const { region, ...settings } = operatorSchema.parse(workgroup)
      return workgroups.put({ accountId, region }, settings)
    },
    async close() {
      await runner.close()
      await engine.close()
      await executions.close()
      await workgroups.close()
    },
  }
}

const operatorSchema = workgroupSchema.extend({ region: z.string().optional() }).strict()
