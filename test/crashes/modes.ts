import { type Model, modelSchema } from '../../src/domain/model.ts'

/** A way to load a table, with the versions of its source and what the table is to hold of each. */
export interface Mode {
  readonly name: string
  /** The model of one table of it, with a name of its own. */
  modelOf(table: string): Model
  /** Lines of the source at a version, from 1. */
  linesOf(version: number): readonly string[]
  /** Rows `id value` of the table that has loaded the version, in the order of their texts. */
  tableOf(version: number): readonly string[]
  /** False for loads of several statements: a reader may see some of them done. */
  readonly isOneStep: boolean
}

interface Row {
  readonly id: number
  readonly value: string
  readonly gone?: boolean
  readonly at: string
}

const COLUMNS = [
  { name: 'id', type: 'bigint' },
  { name: 'value', type: 'string' },
  { name: 'gone', type: 'boolean' },
  { name: 'at', type: 'timestamp' },
]

/** More columns than one MERGE with several clauses may have. */
const WIDE = [
  ...COLUMNS,
  ...Array.from({ length: 300 }, (_, index) => ({ name: `c${index}`, type: 'string' })),
]

const KEY = { primaryKey: ['id'] }
const DELETES = { deletes: { column: 'gone' } }

/** All write modes, and each way that a load may be divided into steps. */
export const MODES: readonly Mode[] = [
  mode('merge', growing, { ...KEY, cursor: 'at' }),
  mode('merge with deletes', marking, { ...KEY, ...DELETES, cursor: 'at' }),
  mode('append', appending, { writeMode: 'append', cursor: 'at' }),
  mode('overwrite', replacing, { ...KEY, writeMode: 'overwrite' }),
  mode('overwrite by swap', replacing, { ...KEY, writeMode: 'overwrite', swapAtBytes: 0 }),
  mode('merge in several statements', marking, { ...KEY, ...DELETES, cursor: 'at', columns: WIDE }, false),
]

function mode(
  name: string,
  rowsOf: (version: number) => readonly Row[],
  options: object,
  isOneStep = true,
): Mode {
  return {
    name,
    isOneStep,
    modelOf: table =>
      modelSchema.parse({
        name: table,
        source: 'files',
        files: { path: `${table}.ndjson` },
        columns: COLUMNS,
        ...options,
      }),
    linesOf: version => rowsOf(version).map(row => JSON.stringify(row)),
    tableOf: version =>
      rowsOf(version)
        .filter(row => !row.gone)
        .map(row => `${row.id} ${row.value}`)
        .toSorted(),
  }
}

function row(id: number, version: number, more: object = {}): Row {
  return {
    id,
    value: `v${version}`,
    at: new Date(Date.UTC(2026, 0, 1) + version * 60_000).toISOString(),
    ...more,
  }
}

function countedTo(version: number): readonly number[] {
  return Array.from({ length: version }, (_, index) => index + 1)
}

/** Row 0 changes with each version, and one comes. */
function growing(version: number): readonly Row[] {
  return [row(0, version), ...countedTo(version).map(one => row(one, one))]
}

/** The same, and the one that came before is deleted. */
function marking(version: number): readonly Row[] {
  const deleted = countedTo(version - 1).map(one => row(one, one + 1, { gone: true }))
  return [row(0, version), ...deleted, row(version, version)]
}

function appending(version: number): readonly Row[] {
  return countedTo(version).map(one => row(one, one))
}

function replacing(version: number): readonly Row[] {
  return [row(0, version), row(version, version), row(version + 1, version)]
}
