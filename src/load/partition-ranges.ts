import { compareCanonical } from '../domain/canonical-order.ts'
import { TransferError } from '../domain/errors.ts'
import type { Column, Model } from '../domain/model.ts'
import {
  bucketCount,
  MAX_PARTITIONS,
  MAX_STAGED_PARTITIONS,
  orderedFields,
  type PartitionField,
} from '../domain/partition-field.ts'
import type { ColumnRange } from './row-range.ts'

/** The partitions that staged rows belong to, without their buckets. */
export interface StagedPartitions {
  /** How the table is partitioned, by names of the tables. */
  readonly fields: readonly PartitionField[]
  /** One for each partition: the smallest value that each ordered field's partition can have, in canonical text. */
  readonly values: readonly PartitionValues[]
}

/** By the fields of `orderedFields`. */
export type PartitionValues = readonly (string | null)[]

/**
 * Cuts rows by the order of their partitions, so that each part has at most 100: the first field into as few ranges as
 * will do, and where one of its values alone has too many, that one by the next field. One part without ranges when all
 * fit. Every row lies in exactly one part, also one whose partition was not told of.
 *
 * @throws {TransferError} `QUERY_LIMIT_EXCEEDED` past 10,000 partitions.
 */
export function partitionRanges(
  model: Model,
  { fields, values }: StagedPartitions,
): readonly (readonly ColumnRange[])[] {
  const ordered = orderedFields(fields)
  const columns = ordered.flatMap(
    ({ column }) => model.columns.find(({ tableName }) => tableName === column) ?? [],
  )
  if (values.length > MAX_STAGED_PARTITIONS) throw tooMany(model)
  const most = Math.max(Math.floor(MAX_PARTITIONS / bucketCount(fields)), 1)
  return cut(values, { columns, at: 0, most })
}

interface Cut {
  readonly columns: readonly Column[]
  readonly at: number
  readonly most: number
}

function cut(values: readonly PartitionValues[], place: Cut): readonly (readonly ColumnRange[])[] {
  const { columns, at, most } = place
  const column = columns[at]
  if (values.length <= most || !column) return [[]]
  const groups = grouped(values, column, place)
  return groups.flatMap((group, index) => {
    const range = rangeOf(column, groups, index)
    const inner = group.values.length > most ? cut(group.values, { ...place, at: at + 1 }) : [[]]
    return inner.map(ranges => [range, ...ranges])
  })
}

/** Partitions that are neighbours in a column's order. */
interface Group {
  /** Smallest value in the order, where NULL is the largest. */
  readonly first: string | null
  readonly hasNull: boolean
  readonly values: readonly PartitionValues[]
}

/** Neighbours are joined while they have few enough partitions together. */
function grouped(values: readonly PartitionValues[], { type }: Column, { at, most }: Cut): readonly Group[] {
  const byValue = [...Map.groupBy(values, one => one[at] ?? null)].toSorted(([left], [right]) => {
    if (left === null || right === null) return Number(left === null) - Number(right === null)
    return compareCanonical(type, left, right)
  })
  const groups: Group[] = []
  for (const [value, same] of byValue) {
    const last = groups.at(-1)
    const hasNull = value === null
    if (last && last.values.length + same.length <= most)
      groups.splice(-1, 1, { ...last, hasNull, values: [...last.values, ...same] })
    else groups.push({ first: value, hasNull, values: same })
  }
  return groups
}

/** From the group's first value to the next group's; the ends are open, and NULL is the last group's or a group of its own. */
function rangeOf({ tableName, type }: Column, groups: readonly Group[], index: number): ColumnRange {
  const [group, next] = [groups[index], groups[index + 1]]
  const range = {
    column: tableName,
    type,
    from: index === 0 ? undefined : (group?.first ?? undefined),
    to: next?.first ?? undefined,
  }
  if (group?.first === null) return { ...range, nulls: 'only' }
  return { ...range, nulls: next === undefined ? 'with' : 'without' }
}

function tooMany({ name }: Model): TransferError {
  return new TransferError(
    'QUERY_LIMIT_EXCEEDED',
    `model "${name}": its rows belong to more than ${MAX_STAGED_PARTITIONS} partitions`,
    {
      details: { model: name },
      hint: 'Partition the table more coarsely, by month(…) instead of day(…) say, or load fewer rows at a time.',
    },
  )
}
