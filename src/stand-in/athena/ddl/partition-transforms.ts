import { errorAt } from '../query-error.ts'
import type { PartitionDeclaration } from '../sql/ddl.ts'
import { printType, type SqlType } from '../types/sql-type.ts'

type Transform = Extract<PartitionDeclaration, { kind: 'transform' }>

const MOMENTS: readonly SqlType['kind'][] = ['date', 'timestamp', 'timestamptz']
const EXACT: readonly SqlType['kind'][] = ['integer', 'bigint', 'decimal', 'varchar', 'varbinary']

/** Types that each transform takes, from Iceberg's specification; identity takes all that have no parts. */
const SOURCES: Readonly<Record<string, readonly SqlType['kind'][]>> = {
  year: MOMENTS,
  month: MOMENTS,
  day: MOMENTS,
  hour: ['timestamp', 'timestamptz'],
  bucket: [...EXACT, ...MOMENTS],
  truncate: EXACT,
}

const NESTED: readonly SqlType['kind'][] = ['array', 'map', 'row']

/** @throws {QueryError} `INVALID_TABLE_PROPERTY` for a transform that cannot be made of the column's type. */
export function requireTransformable(member: Transform, type: SqlType): void {
  const takes = SOURCES[member.transform]
  if (member.width === 0) throw refused(member, `Invalid width: ${member.transform}[0]`)
  if (takes ? takes.includes(type.kind) : !NESTED.includes(type.kind)) return
  throw refused(member, `Invalid source type ${printType(type)} for transform: ${member.transform}`)
}

function refused(member: Transform, why: string): Error {
  return errorAt('INVALID_TABLE_PROPERTY', member.place, `Unable to parse partitioning value: ${why}`)
}
