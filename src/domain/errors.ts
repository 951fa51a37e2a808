/** Who has to act before a failure goes away. */
export type ErrorOwner = 'customer' | 'operator'

/** What a failure code means for the queue (retry?) and for people (whose move, which one). */
export interface ErrorTraits {
  /** True when the same job may succeed later without anybody acting. */
  readonly retryable: boolean
  readonly owner: ErrorOwner
  /** One sentence, an instruction: the next action of the owner. */
  readonly hint: string
}

/** Every failure this product can name. A new row is a promise to whoever reads the alert. */
export const ERROR_CODES = {
  CONFIG_INVALID: {
    retryable: false,
    owner: 'operator',
    hint: 'Correct the named file at the named path; `athena-transfer schema` prints the JSON Schema for editors.',
  },
  JOB_INVALID: {
    retryable: false,
    owner: 'operator',
    hint: 'Enqueue through `TransferQueue` of this package, which writes the payload version that the workers read.',
  },
  SECRET_UNREADABLE: {
    retryable: false,
    owner: 'operator',
    hint: 'Set the named environment variable or mount the named file for the worker.',
  },
  IDENTITY_TOKEN_UNAVAILABLE: {
    retryable: true,
    owner: 'operator',
    hint: 'Check the identity token source of the worker: token file, metadata server or service-account key.',
  },
  ROLE_NOT_ASSUMABLE: {
    retryable: false,
    owner: 'customer',
    hint: 'Apply the trust policy printed by `athena-transfer trust-policy DESTINATION` to the role.',
  },
  CREDENTIALS_REJECTED: {
    retryable: false,
    owner: 'customer',
    hint: 'Issue a new access key for the IAM user and replace the one stored for this destination.',
  },
  ACCESS_DENIED: {
    retryable: false,
    owner: 'customer',
    hint: 'Attach the permission policy printed by `athena-transfer policy DESTINATION` to the role or user.',
  },
  DESTINATION_UNUSABLE: {
    retryable: false,
    owner: 'customer',
    hint: 'Correct the named setting of the bucket, workgroup or database; then enqueue the transfer again.',
  },
  WORKGROUP_DISABLED: {
    retryable: false,
    owner: 'customer',
    hint: 'Turn the workgroup on in Athena, or name another workgroup for this destination.',
  },
  WORKGROUP_OUTPUT_ENFORCED: {
    retryable: false,
    owner: 'customer',
    hint: "Turn off the workgroup's override of client-side settings, or point its output location into the destination's bucket.",
  },
  WORKGROUP_MANAGES_RESULTS: {
    retryable: false,
    owner: 'customer',
    hint: 'Turn off managed query results for the workgroup, or name another workgroup for this destination.',
  },
  WORKGROUP_ENGINE_OUTDATED: {
    retryable: false,
    owner: 'customer',
    hint: 'Set the workgroup to Athena engine version 3: MERGE into Iceberg tables needs it.',
  },
  BUCKET_REGION_WRONG: {
    retryable: false,
    owner: 'customer',
    hint: "Correct the destination's region, or name a bucket in that region; Athena must run where the bucket is.",
  },
  ENCRYPTION_KEY_DENIED: {
    retryable: false,
    owner: 'customer',
    hint: "Allow the role kms:GenerateDataKey and kms:Decrypt on the bucket's key, in its policy and in the key's.",
  },
  LAKE_FORMATION_DENIED: {
    retryable: false,
    owner: 'customer',
    hint: 'Grant the role the database and its tables in Lake Formation, or give the database back to IAM (IAMAllowedPrincipals).',
  },
  SCHEMA_DATABASE_SWAPPED: {
    retryable: false,
    owner: 'customer',
    hint: 'Exchange `schema` (folder of the data and Glue database) and `database` (folder of query results) of the destination.',
  },
  TARGET_INCOMPATIBLE: {
    retryable: false,
    owner: 'customer',
    hint: 'Rename or drop the named table, which this product did not make as an Iceberg table of this shape.',
  },
  SCHEMA_CHANGE_REFUSED: {
    retryable: false,
    owner: 'operator',
    hint: 'Give the column a new name in the model, or drop the table and run a full refresh, or restore the type.',
  },
  WINDOW_REFUSED: {
    retryable: false,
    owner: 'operator',
    hint: 'Leave the named model out of the window (`--model` names the others), or enqueue an incremental transfer or a full refresh of it.',
  },
  SOURCE_NOT_FOUND: {
    retryable: true,
    owner: 'operator',
    hint: "Check the model's file pattern against the source's base; no file matches it.",
  },
  SOURCE_UNREADABLE: {
    retryable: true,
    owner: 'operator',
    hint: 'Write the named file again, whole, or correct the access to it; nothing of the model was loaded.',
  },
  SINGER_INVALID: {
    retryable: false,
    owner: 'operator',
    hint: 'Correct the tap: the named message breaks the Singer specification, or its stream cannot be a table.',
  },
  ROW_INVALID: {
    retryable: false,
    owner: 'operator',
    hint: "Correct the named rows or the column's type, or raise `rejectedRows` of the model to quarantine them.",
  },
  STAGING_FAILED: {
    retryable: true,
    owner: 'operator',
    hint: "Check the worker's disk and memory; the encoder ended without a result.",
  },
  QUERY_FAILED: {
    retryable: false,
    owner: 'operator',
    hint: 'Read the Athena error in the message; this statement cannot succeed as it is, report it as a bug.',
  },
  TABLE_NOT_FOUND: {
    retryable: true,
    owner: 'customer',
    hint: 'Look for who dropped the named database or table, or correct its name; a transfer that is tried again makes its own anew.',
  },
  QUERY_CANCELLED: {
    retryable: false,
    owner: 'customer',
    hint: 'Someone stopped the query in Athena; enqueue the transfer again when the workgroup is free.',
  },
  QUERY_TIMEOUT: {
    retryable: true,
    owner: 'operator',
    hint: 'The query may still end: wait for it in Athena, then enqueue again or raise the time limit.',
  },
  QUERY_LIMIT_EXCEEDED: {
    retryable: false,
    owner: 'operator',
    hint: 'Reduce the batch or the number of columns of the model; the statement passes a limit of Athena.',
  },
  SCAN_LIMIT_EXCEEDED: {
    retryable: false,
    owner: 'customer',
    hint: "Raise the workgroup's data limit per query, or name another workgroup for this destination.",
  },
  COMMIT_CONFLICT: {
    retryable: true,
    owner: 'operator',
    hint: 'Another writer changes the same table; the job is tried again, look for a second writer if it stays.',
  },
  AWS_THROTTLED: {
    retryable: true,
    owner: 'operator',
    hint: 'Nothing to do at first: the job is tried again; spread transfers of one account if it stays.',
  },
  AWS_UNAVAILABLE: {
    retryable: true,
    owner: 'operator',
    hint: "Nothing to do at first: the job is tried again; check the network and AWS's health page if it stays.",
  },
  QUEUE_UNAVAILABLE: {
    retryable: true,
    owner: 'operator',
    hint: 'Start Redis or correct REDIS_URL; jobs in it are kept.',
  },
  STATE_UNREADABLE: {
    retryable: false,
    owner: 'operator',
    hint: 'Restore the named key of Redis from a backup, or remove it (the README says what that costs); then run `athena-transfer retry TRANSFER`.',
  },
  TARGET_BUSY: {
    retryable: true,
    owner: 'operator',
    hint: 'Nothing to do: another transfer has the table, and the job waits until it is free.',
  },
  SUPERSEDED: {
    retryable: true,
    owner: 'operator',
    hint: 'Nothing to do: another attempt took the table over and goes on; this one changed nothing since.',
  },
  TRANSFER_NOT_FOUND: {
    retryable: false,
    owner: 'operator',
    hint: 'List the known transfers with `athena-transfer list`; finished ones are kept for a limited time.',
  },
  TRANSFER_EXPIRED: {
    retryable: false,
    owner: 'operator',
    hint: 'Look at what its models waited for, raise the limit if they need longer, and run `athena-transfer retry TRANSFER`.',
  },
  TRANSFER_ORPHANED: {
    retryable: false,
    owner: 'operator',
    hint: 'Look at why Redis lost a job (eviction, no persistence, removed by hand), and run `athena-transfer retry TRANSFER`.',
  },
  RETRY_REFUSED: {
    retryable: false,
    owner: 'operator',
    hint: 'Retry a transfer once it has ended with a failed model; `athena-transfer enqueue` runs all models again.',
  },
  CANCELLED: {
    retryable: false,
    owner: 'operator',
    hint: 'Enqueue the transfer again when it is wanted; nothing half done is visible.',
  },
  INTERNAL: {
    retryable: true,
    owner: 'operator',
    hint: 'Report this with the cause in the log: a failure this product has no name for.',
  },
} as const satisfies Record<string, ErrorTraits>

export type ErrorCode = keyof typeof ERROR_CODES

/** True for a text that is one of the codes. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERROR_CODES, value)
}

/** Identifiers that say which object a failure is about. Never a secret. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | readonly string[]>>

/** The serialisable face of a failure, as statuses, results and `--json` show it. */
export interface ErrorReport {
  readonly code: ErrorCode
  readonly message: string
  readonly owner: ErrorOwner
  readonly retryable: boolean
  readonly hint: string
  readonly details: ErrorDetails
}

/**
 * A failure with a name. The message says what happened to which object; the code fixes retry, owner and hint.
 *
 * `hint` replaces the code's instruction only where a more exact one is known (the statement to paste, say).
 */
export class TransferError extends Error {
  readonly code: ErrorCode
  readonly details: ErrorDetails
  readonly hint: string

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly details?: ErrorDetails; readonly hint?: string } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'TransferError'
    this.code = code
    this.details = options.details ?? {}
    this.hint = options.hint ?? ERROR_CODES[code].hint
  }

  get retryable(): boolean {
    return ERROR_CODES[this.code].retryable
  }

  get owner(): ErrorOwner {
    return ERROR_CODES[this.code].owner
  }

  /** The failure as plain data: no cause, no stack. */
  toReport(): ErrorReport {
    const { code, message, owner, retryable, hint, details } = this
    return { code, message, owner, retryable, hint, details }
  }
}

/** Whatever was thrown, as a `TransferError`: itself, or `INTERNAL` with the thrown value as cause. */
export function toTransferError(thrown: unknown): TransferError {
  if (thrown instanceof TransferError) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new TransferError('INTERNAL', message, { cause: thrown })
}
