/** The part of Athena's client that queries need; `@aws-sdk/client-athena`'s `Athena` fits it. */
export interface AthenaPort {
  startQueryExecution(
    input: {
      QueryString: string
      ClientRequestToken: string
      WorkGroup: string
      ResultConfiguration: { OutputLocation: string }
    },
    options?: CallOptions,
  ): Promise<{ QueryExecutionId?: string | undefined }>
  getQueryExecution(
    input: { QueryExecutionId: string },
    options?: CallOptions,
  ): Promise<{ QueryExecution?: QueryExecution | undefined }>
  getQueryResults(
    input: { QueryExecutionId: string; MaxResults?: number; NextToken?: string },
    options?: CallOptions,
  ): Promise<QueryResultsPage>
  getWorkGroup(input: { WorkGroup: string }): Promise<{ WorkGroup?: WorkGroup | undefined }>
  stopQueryExecution(input: { QueryExecutionId: string }, options?: CallOptions): Promise<unknown>
}

/** A workgroup as Athena reports it; only what is read here. */
export interface WorkGroup {
  readonly State?: string | undefined
  readonly Configuration?:
    | {
        readonly ResultConfiguration?: { readonly OutputLocation?: string | undefined } | undefined
        readonly EnforceWorkGroupConfiguration?: boolean | undefined
        readonly EngineVersion?: { readonly EffectiveEngineVersion?: string | undefined } | undefined
        readonly ManagedQueryResultsConfiguration?: { readonly Enabled: boolean | undefined } | undefined
      }
    | undefined
}

/** How a call is ended early. */
export interface CallOptions {
  readonly abortSignal?: AbortSignal
}

/** One execution as Athena reports it; only what is read here. */
export interface QueryExecution {
  readonly QueryExecutionId?: string | undefined
  readonly Status?:
    | {
        readonly State?: string | undefined
        readonly StateChangeReason?: string | undefined
        readonly AthenaError?: AthenaFailure | undefined
      }
    | undefined
  readonly Statistics?:
    | {
        readonly DataScannedInBytes?: number | undefined
        readonly EngineExecutionTimeInMillis?: number | undefined
      }
    | undefined
}

/** Athena's own account of a failure. */
export interface AthenaFailure {
  readonly ErrorCategory?: number | undefined
  readonly ErrorType?: number | undefined
  readonly Retryable?: boolean | undefined
  readonly ErrorMessage?: string | undefined
}

/** One page of results. */
export interface QueryResultsPage {
  readonly UpdateCount?: number | undefined
  readonly NextToken?: string | undefined
  readonly ResultSet?:
    | {
        readonly Rows?:
          | { readonly Data?: { readonly VarCharValue?: string | undefined }[] | undefined }[]
          | undefined
        readonly ResultSetMetadata?:
          | {
              readonly ColumnInfo?:
                | { readonly Name: string | undefined; readonly Type: string | undefined }[]
                | undefined
            }
          | undefined
      }
    | undefined
}
