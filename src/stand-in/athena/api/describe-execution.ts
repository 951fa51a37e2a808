import { engineVersion } from './engine-version.ts'
import type { Execution } from './executions.ts'

/** An execution in the words of GetQueryExecution; moments are seconds since 1970, as JSON 1.1 writes them. */
export function describeExecution(execution: Execution): object {
  const { failure } = execution
  return {
    QueryExecutionId: execution.id,
    Query: execution.sql,
    StatementType: execution.statementType,
    SubstatementType: execution.statementSubtype,
    ...(execution.outputLocation === undefined
      ? { ManagedQueryResultsConfiguration: { Enabled: true } }
      : { ResultConfiguration: { OutputLocation: execution.outputLocation } }),
    QueryExecutionContext: { Database: execution.database, Catalog: 'awsdatacatalog' },
    Status: {
      State: execution.state,
      SubmissionDateTime: execution.submittedAtMs / 1000,
      ...(execution.endedAtMs === undefined ? {} : { CompletionDateTime: execution.endedAtMs / 1000 }),
      ...(execution.reason === undefined ? {} : { StateChangeReason: execution.reason }),
      ...(failure === undefined
        ? {}
        : {
            AthenaError: {
              ErrorCategory: failure.category,
              ErrorType: failure.type,
              Retryable: failure.retryable,
              ErrorMessage: failure.message,
            },
          }),
    },
    Statistics: statistics(execution),
    WorkGroup: execution.workgroup,
    EngineVersion: engineVersion(execution.engineVersion),
    ...(execution.parameters.length === 0 ? {} : { ExecutionParameters: execution.parameters }),
  }
}

function statistics(execution: Execution): object {
  const started = execution.startedAtMs
  const ended = execution.endedAtMs ?? Date.now()
  return {
    QueryQueueTimeInMillis: (started ?? ended) - execution.submittedAtMs,
    TotalExecutionTimeInMillis: ended - execution.submittedAtMs,
    EngineExecutionTimeInMillis: started === undefined ? 0 : ended - started,
    QueryPlanningTimeInMillis: 0,
    ServicePreProcessingTimeInMillis: 0,
    ServiceProcessingTimeInMillis: 0,
    DataScannedInBytes: execution.scannedBytes,
    ...(execution.dataManifestLocation === undefined
      ? {}
      : { DataManifestLocation: execution.dataManifestLocation }),
  }
}
