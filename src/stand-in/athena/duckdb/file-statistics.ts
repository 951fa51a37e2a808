import { z } from 'zod'
import { encodeBound, parseBound } from '../iceberg/bounds.ts'
import { fromIcebergType } from '../iceberg/iceberg-type.ts'
import type { DataFile } from '../iceberg/manifest.ts'
import type { IcebergField, IcebergType } from '../iceberg/metadata.ts'
import { quoteName } from '../sql/tokens.ts'

const pairsSchema = <Value>(value: z.ZodType<Value>) => z.array(z.object({ key: z.string(), value }))

/** What DuckDB's `RETURN_STATS` says of a file's columns, each under its quoted path. */
export const columnStatisticsSchema = pairsSchema(pairsSchema(z.string()))

/** Statistics by column path. */
export type ColumnStatistics = z.infer<typeof columnStatisticsSchema>

/** The members of a data file that describe its columns. */
export type FileStatistics = Pick<
  DataFile,
  'columnSizes' | 'valueCounts' | 'nullCounts' | 'nanCounts' | 'lowerBounds' | 'upperBounds'
>

/** Turns column statistics into Iceberg's, by field id; bounds are kept for top-level columns with an order. */
export function toFileStatistics(
  fields: readonly IcebergField[],
  statistics: ColumnStatistics,
): FileStatistics {
  const byPath = new Map(
    statistics.map(({ key, value }) => [key, new Map(value.map(one => [one.key, one.value]))]),
  )
  const leaves = fields.flatMap(field => leavesOf(quoteName(field.name), field.id, field.type, true))
  const collect = <Value>(read: (leaf: Leaf, found: ReadonlyMap<string, string>) => Value | undefined) => {
    const result = new Map<number, Value>()
    for (const leaf of leaves) {
      const found = byPath.get(leaf.path)
      const value = found && read(leaf, found)
      if (value !== undefined) result.set(leaf.id, value)
    }
    return result
  }
  const count = (name: string) =>
    collect((_leaf, found) => (found.has(name) ? BigInt(found.get(name) ?? '0') : undefined))
  const bound = (name: 'min' | 'max') =>
    collect((leaf, found) => boundOf(leaf, found.get(name), name === 'min' ? 'lower' : 'upper'))
  return {
    columnSizes: count('column_size_bytes'),
    valueCounts: count('num_values'),
    nullCounts: count('null_count'),
    // Whether there are NaNs is known, how many is not; an absent count promises nothing.
    nanCounts: new Map(),
    lowerBounds: bound('min'),
    upperBounds: bound('max'),
  }
}

interface Leaf {
  readonly path: string
  readonly id: number
  readonly type: IcebergType
  readonly isTopLevel: boolean
}

function leavesOf(path: string, id: number, type: IcebergType, isTopLevel: boolean): readonly Leaf[] {
  if (typeof type === 'string') return [{ path, id, type, isTopLevel }]
  const nested = (name: string, nestedId: number, inner: IcebergType) =>
    leavesOf(`${path}.${quoteName(name)}`, nestedId, inner, false)
  if (type.type === 'struct') return type.fields.flatMap(field => nested(field.name, field.id, field.type))
  if (type.type === 'list') return nested('element', type['element-id'], type.element)
  return [...nested('key', type['key-id'], type.key), ...nested('value', type['value-id'], type.value)]
}

function boundOf(leaf: Leaf, text: string | undefined, side: 'lower' | 'upper'): Buffer | undefined {
  if (text === undefined || !leaf.isTopLevel) return undefined
  const type = fromIcebergType(leaf.type)
  const bound = parseBound(text, type)
  return bound === undefined ? undefined : encodeBound(bound, type, side)
}
