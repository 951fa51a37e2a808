import { subjectOf } from '../faults/subject.ts'
import { AwsError, type Faults, type JsonService } from '../services.ts'
import type { GlueDeps } from './access.ts'
import { concurrentModification, resourceLimit } from './errors.ts'
import { CATALOG_OPERATIONS } from './operations.ts'
import { PARTITION_OPERATIONS } from './partition-operations.ts'

/**
 * Glue behind the shared port. Faults beyond the common ones: `glue.<Action>.conflict` answers
 * `ConcurrentModificationException` and `glue.<Action>.resource-limit` `ResourceNumberLimitExceededException`.
 */
export function createGlueService(deps: GlueDeps & { readonly faults: Faults }): JsonService {
  const operations = new Map(Object.entries({ ...CATALOG_OPERATIONS, ...PARTITION_OPERATIONS }))
  return {
    async handle(action, body, caller) {
      const run = operations.get(action)
      if (!run)
        throw new AwsError('UnknownOperationException', 400, `${action} is not supported (local stand-in).`)
      const subject = subjectOf(caller, JSON.stringify(body))
      if (deps.faults.strike(`glue.${action}.conflict`, subject)) throw concurrentModification()
      if (deps.faults.strike(`glue.${action}.resource-limit`, subject)) throw resourceLimit()
      return run(deps, caller, body)
    },
    close: () => deps.store.close(),
  }
}
