import { TransferError } from '../domain/errors.ts'
import type { SplitReason } from '../domain/split.ts'
import { CLAUSES, type Clause, clausesOf, type LoadInput, loadStatement } from './load-statement.ts'
import { partitionRanges, type StagedPartitions } from './partition-ranges.ts'
import { ALL_ROWS, halved, type RowRange } from './row-range.ts'
import type { SourceAliases } from './staged-rows.ts'

/** Longest statement that Athena takes, in bytes of UTF-8. */
const MAX_STATEMENT_BYTES = 262_144

/** Most columns that Athena's MERGE handles with several WHEN clauses, with a margin to the ~321 observed. */
const MAX_MERGE_COLUMNS = 300

/** One statement of a load. Each may be run again, and in whichever order: the rows of one are no other's. */
export interface LoadStep {
  readonly sql: string
  /** Which staged rows it loads. */
  readonly rows: RowRange
  /** What it does with them; undefined for all that the write mode has. */
  readonly clause?: Clause | undefined
}

/** The statements of a load, and why they are not one. */
export interface LoadSteps {
  readonly steps: readonly LoadStep[]
  readonly splits: readonly SplitReason[]
}

/** What is known of a load before it is divided. */
export interface StepsInput {
  readonly load: LoadInput
  readonly partitions: StagedPartitions
  /** Columns of the target, those that the model has not included. */
  readonly columnCount: number
}

/**
 * Plans a load's statements: one, if Athena can run it. More than 100 partitions are loaded a hundred at a time. What is
 * too long or too wide for one statement is spelled shorter, then divided by what it does with the rows.
 *
 * @throws {TransferError} `QUERY_LIMIT_EXCEEDED` when a part of its own is too long still, or for more than 10,000 partitions.
 */
export function planSteps(input: StepsInput): LoadSteps {
  const ranges = partitionRanges(input.load.model, input.partitions)
  const parts = ranges.map(columns => stepsOf(input, { ...ALL_ROWS, columns }))
  return {
    steps: parts.flat(),
    splits: [
      ...(ranges.length > 1 ? ['partitions' as const] : []),
      ...(parts.some(steps => steps.length > 1) ? ['clauses' as const] : []),
    ],
  }
}

/**
 * Two steps in place of one that Athena had not the resources for, each with half of its rows; undefined when it loads a
 * sixty-fourth of them already.
 */
export function halvedSteps(input: StepsInput, step: LoadStep): readonly LoadStep[] | undefined {
  return halved(step.rows)?.flatMap(rows =>
    stepsOf(input, rows).filter(({ clause }) => clause === step.clause),
  )
}

/** How a statement is made fit, the smallest promise given up first. */
const FORMS: readonly { readonly aliases: SourceAliases; readonly perClause: 'one' | 'each' }[] = [
  { aliases: 'names', perClause: 'one' },
  { aliases: 'numbers', perClause: 'one' },
  { aliases: 'names', perClause: 'each' },
  { aliases: 'numbers', perClause: 'each' },
]

function stepsOf({ load, columnCount }: StepsInput, rows: RowRange): readonly LoadStep[] {
  const present = clausesOf(load)
  const inOrder = CLAUSES.filter(clause => present.includes(clause))
  let longest = 0
  for (const { aliases, perClause } of FORMS) {
    if (perClause === 'one' && present.length > 1 && columnCount > MAX_MERGE_COLUMNS) continue
    const clauses = perClause === 'one' || present.length === 1 ? [undefined] : inOrder
    const steps = clauses.map(clause => ({
      sql: loadStatement(load, { rows, clause, aliases }),
      rows,
      ...(clause && { clause }),
    }))
    longest = Math.max(...steps.map(({ sql }) => Buffer.byteLength(sql)))
    if (longest <= MAX_STATEMENT_BYTES) return steps
  }
  throw tooLong(load, longest)
}

function tooLong({ model }: LoadInput, bytes: number): TransferError {
  const columns = model.columns.length
  return new TransferError(
    'QUERY_LIMIT_EXCEEDED',
    `model "${model.name}": a statement for its ${columns} columns has ${bytes} bytes, also when it does but one thing with the rows; Athena takes ${MAX_STATEMENT_BYTES}`,
    { details: { model: model.name, bytes, columns } },
  )
}
