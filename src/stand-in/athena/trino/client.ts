import { z } from 'zod'

const columnsSchema = z.array(z.object({ name: z.string(), type: z.string() }))

const errorSchema = z.object({
  message: z.string().default(''),
  errorName: z.string(),
  errorType: z.string(),
})

const answerSchema = z.object({
  id: z.string(),
  nextUri: z.string().optional(),
  columns: columnsSchema.optional(),
  data: z.array(z.array(z.unknown())).optional(),
  updateCount: z.number().optional(),
  error: errorSchema.optional(),
  stats: z.object({ physicalInputBytes: z.number().default(0) }),
})

type Answer = z.output<typeof answerSchema>

/** An error as Trino names it. */
export type TrinoFailure = z.output<typeof errorSchema>

/** A statement that Trino did not finish. */
export class TrinoError extends Error {
  readonly failure: TrinoFailure

  constructor(failure: TrinoFailure) {
    super(failure.message)
    this.name = 'TrinoError'
    this.failure = failure
  }
}

/** Where a statement runs and who takes its rows. */
export interface TrinoRequest {
  readonly url: string
  readonly catalog: string
  readonly schema: string
  readonly signal: AbortSignal
  /** Told how many bytes were read so far, and whether that was all; what it throws ends the statement. */
  readonly onProgress?: (scannedBytes: number, hasEnded: boolean) => void
  readonly onRows: (
    columns: readonly { readonly name: string; readonly type: string }[],
    rows: readonly (readonly unknown[])[],
  ) => Promise<void>
}

/** What a finished statement tells. */
export interface TrinoOutcome {
  readonly updateCount: number | undefined
  readonly scannedBytes: number
}

/**
 * Runs one statement over Trino's HTTP protocol; an abort also ends it in Trino.
 *
 * Integers beyond 2^53 arrive as `bigint`.
 *
 * @throws {TrinoError} when Trino refuses or fails it.
 */
export async function runOnTrino(sql: string, request: TrinoRequest): Promise<TrinoOutcome> {
  const headers = {
    'x-trino-user': 'stand-in',
    'x-trino-time-zone': 'UTC',
    'x-trino-catalog': request.catalog,
    'x-trino-schema': encodeURIComponent(request.schema),
    'x-trino-client-capabilities': 'PARAMETRIC_DATETIME',
  }
  let answer = await ask(`${request.url}/v1/statement`, { method: 'POST', body: sql, headers })
  try {
    for (;;) {
      request.signal.throwIfAborted()
      if (answer.error) throw new TrinoError(answer.error)
      request.onProgress?.(answer.stats.physicalInputBytes, answer.nextUri === undefined)
      if (answer.columns) await request.onRows(answer.columns, answer.data ?? [])
      if (answer.nextUri === undefined) break
      answer = await ask(answer.nextUri, { signal: request.signal })
    }
  } catch (error) {
    if (answer.nextUri !== undefined) await fetch(answer.nextUri, { method: 'DELETE' })
    throw error
  }
  return { updateCount: answer.updateCount, scannedBytes: answer.stats.physicalInputBytes }
}

async function ask(url: string, options: RequestInit): Promise<Answer> {
  const response = await fetch(url, options)
  const text = await response.text()
  if (!response.ok) throw new Error(`Trino answered ${response.status}: ${text.slice(0, 500)}`)
  return answerSchema.parse(Reflect.apply(JSON.parse, JSON, [text, exactInteger]))
}

/** A reviver that keeps integers a JavaScript number cannot hold. */
function exactInteger(_key: string, value: unknown, context: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  return context.source !== undefined && /^-?\d+$/.test(context.source) ? BigInt(context.source) : value
}
