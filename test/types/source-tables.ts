import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { type BorderValue, PARQUET_TYPES } from './border-values.ts'

/** Where values come from. */
export const FORMATS = ['ndjson', 'csv', 'parquet'] as const

/** One of {@link FORMATS}. */
export type Format = (typeof FORMATS)[number]

/** A model of columns `id` and `c0`, `c1`, …: one of each type, and a row for each value. */
export interface SourceTable {
  readonly name: string
  readonly format: Format
  readonly types: readonly string[]
  /** The row's id is the value's place. */
  readonly values: readonly BorderValue[]
  /** True when every row has a file of its own, and so takes the quickest reader that it can. */
  readonly isFilePerRow: boolean
}

/** One table for each format with all values that it can spell. */
export function wholeTables(values: readonly BorderValue[]): readonly SourceTable[] {
  return FORMATS.map(format => tableOf(format, format, values))
}

/** One NDJSON table for each type, one file for each value: no column of another type slows the readers down. */
export function tablesApart(values: readonly BorderValue[]): readonly SourceTable[] {
  return [...Map.groupBy(values, value => value.type).values()].map((own, index) => ({
    ...tableOf(`apart_${index}`, 'ndjson', own),
    isFilePerRow: true,
  }))
}

function tableOf(name: string, format: Format, all: readonly BorderValue[]): SourceTable {
  const values = all.filter(value => value[format] !== undefined)
  const types = [...new Set(values.map(value => value.type))]
  return { name, format, types, values, isFilePerRow: false }
}

/** The model file. */
export function modelOf({ name, format, types }: SourceTable): object {
  const columns = types.map((type, index) => ({ name: `c${index}`, type }))
  return {
    files: { path: `${name}-*.${format}` },
    primaryKey: ['id'],
    columns: [{ name: 'id', type: 'bigint' }, ...columns],
  }
}

/** The source's files by name, all rows in one or each in its own. */
export async function filesOf(table: SourceTable): Promise<ReadonlyMap<string, string | Uint8Array>> {
  const { name, format } = table
  if (format === 'parquet') return new Map([[`${name}-0.parquet`, await parquetOf(table)]])
  const rows = table.values.map((value, id) => rowOf(table, value, id))
  if (table.isFilePerRow) return new Map(rows.map((row, id) => [`${name}-${id}.${format}`, row]))
  const header = format === 'csv' ? [`id,${table.types.map((_, index) => `c${index}`).join(',')}`] : []
  return new Map([[`${name}-0.${format}`, [...header, ...rows, ''].join('\n')]])
}

function rowOf({ format, types }: SourceTable, value: BorderValue, id: number): string {
  const at = types.indexOf(value.type)
  if (format === 'ndjson') return `{"id":${id},"c${at}":${value.ndjson}}`
  return [id, ...types.map((_, index) => (index === at ? value.csv : ''))].join(',')
}

async function parquetOf({ types, values }: SourceTable): Promise<Uint8Array> {
  const rows = values.map((value, id) => {
    const cells = types.map((type, index) => {
      const cell = type === value.type ? value.parquet : 'NULL'
      return `CAST(${cell} AS ${PARQUET_TYPES[type]}) AS c${index}`
    })
    return `SELECT ${id}::BIGINT AS id, ${cells.join(', ')}`
  })
  const folder = await mkdtemp(join(tmpdir(), 'parquet-source-'))
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    const path = join(folder, 'rows.parquet')
    await connection.run(
      `COPY (${rows.join(' UNION ALL ')}) TO '${path}' (FORMAT parquet, DICTIONARY_SIZE_LIMIT 0)`,
    )
    return await readFile(path)
  } finally {
    connection.closeSync()
    instance.closeSync()
    await rm(folder, { recursive: true })
  }
}
