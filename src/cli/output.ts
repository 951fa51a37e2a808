import Table from 'cli-table3'
import type { TransferError } from '../domain/errors.ts'
import { SPLITS } from '../domain/split.ts'
import type { ModelResult, TransferResult } from '../domain/transfer.ts'

/** Where a command speaks: people on a terminal get tables, everybody else JSON. */
export interface Output {
  readonly json: boolean
  /** Result: standard output. */
  readonly result: (value: unknown, human: () => string) => void
  /** A result of any length: a line of JSON a row as it comes; for people a table of the first 1,000. */
  readonly rows: <Row>(
    rows: AsyncIterable<Row>,
    human: (first: readonly Row[], hasMore: boolean) => string,
  ) => Promise<void>
  /** The result of a command whose standard output belongs to another program: standard error, for people unless JSON was asked for. */
  readonly report: (value: unknown, human: () => string) => void
  /** One line of standard output, as it is, for the program that reads it. */
  readonly line: (text: string) => void
  /** News while it runs: standard error, one line, replaced by the next on a terminal. */
  readonly progress: (line: string) => void
  readonly failure: (error: TransferError) => void
}

/** Streams as far as they are needed here. */
interface Streams {
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean }
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean }
}

/** JSON when asked for or when standard output is no terminal. */
export function createOutput(streams: Streams, options: { readonly json: boolean }): Output {
  const json = options.json || !streams.stdout.isTTY
  const live = Boolean(streams.stderr.isTTY) && !options.json
  let open = false
  const endLine = (): void => {
    if (open) streams.stderr.write('\n')
    open = false
  }
  const write = (text: string): void => {
    endLine()
    streams.stdout.write(`${text}\n`)
  }
  return {
    json,
    result: (value, human) => write(json ? JSON.stringify(value, null, 2) : human()),
    rows: async <Row>(
      rows: AsyncIterable<Row>,
      human: (first: readonly Row[], hasMore: boolean) => string,
    ) => {
      const first: Row[] = []
      for await (const row of rows) {
        if (json) streams.stdout.write(`${JSON.stringify(row)}\n`)
        else if (first.length === MAX_SHOWN_ROWS) return write(human(first, true))
        else first.push(row)
      }
      if (!json) write(human(first, false))
    },
    report: (value, human) => {
      endLine()
      streams.stderr.write(`${options.json ? JSON.stringify(value) : human()}\n`)
    },
    line: text => void streams.stdout.write(`${text}\n`),
    progress: line => {
      if (!live) return
      streams.stderr.write(`\r\u001b[K${line}`)
      open = true
    },
    failure: error => {
      endLine()
      streams.stderr.write(
        options.json ? `${JSON.stringify({ error: error.toReport() })}\n` : `${describeFailure(error)}\n`,
      )
    },
  }
}

/** Rows of a result that a terminal shows. */
const MAX_SHOWN_ROWS = 1000

/** Code, message, whose move, and the next action. */
export function describeFailure(error: Pick<TransferError, 'code' | 'message' | 'owner' | 'hint'>): string {
  return `${error.code}: ${error.message}\n  whose move: the ${error.owner}'s\n  next: ${error.hint}`
}

/** A table with a header; numbers to the right. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const widest = new Table({
    head: [...head],
    style: { head: [], border: [], compact: true },
    colAligns: alignments(rows),
  })
  for (const row of rows) widest.push([...row])
  return widest.toString()
}

function alignments(rows: readonly (readonly (string | number)[])[]): ('left' | 'right')[] {
  return (rows[0] ?? []).map(cell => (typeof cell === 'number' ? 'right' : 'left'))
}

/** One transfer, a line a model, failures below. */
export function describeTransfer(
  result: Pick<TransferResult, 'transferId' | 'retryOf' | 'destination' | 'status' | 'models'>,
): string {
  const rows = result.models.map(describeModel)
  const head = [
    'model',
    'status',
    'rows',
    'rejected',
    'changed',
    'staged bytes',
    'scanned bytes',
    'ms',
    'watermark',
  ]
  const failures = result.models.flatMap(model =>
    model.error ? [`${model.model}: ${describeFailure(model.error)}`] : [],
  )
  const retried = result.retryOf === undefined ? '' : ` (retry of ${result.retryOf})`
  const isRejecting = result.models.some(model => model.rejectedRowCount > 0)
  return [
    `transfer ${result.transferId}${retried} to ${result.destination}: ${result.status}`,
    table(head, rows),
    ...(isRejecting
      ? [`rejected rows: athena-transfer rejected ${result.transferId} --destination ${result.destination}`]
      : []),
    ...result.models.flatMap(describeNews),
    ...failures,
  ].join('\n')
}

/** What a model's table tells beside numbers: why its load was divided, and what the model asks for in vain. */
function describeNews({ model, statementCount, splits, notices }: ModelResult): readonly string[] {
  const relaxed = splits.map(
    reason => `${model}: loaded by ${statementCount} statements (${reason}). ${SPLITS[reason].relaxed}`,
  )
  return [...relaxed, ...notices.map(notice => `${model}: ${notice}`)]
}

function describeModel(model: ModelResult): (string | number)[] {
  const { rowCount, rejectedRowCount, changedRowCount, stagedBytes, scannedBytes, durationMs } = model
  const counts = [rowCount, rejectedRowCount, changedRowCount, stagedBytes, scannedBytes, durationMs]
  return [model.model, model.status, ...counts, model.watermark ?? '']
}

/** `▕████────▏ 42 %`, of 20 cells. */
export function progressBar(done: number, total: number): string {
  const share = total === 0 ? 0 : Math.min(done / total, 1)
  const full = Math.round(share * 20)
  return `▕${'█'.repeat(full)}${'─'.repeat(20 - full)}▏ ${Math.round(share * 100)} %`
}
