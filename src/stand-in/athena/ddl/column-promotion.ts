import type { IcebergType } from '../iceberg/metadata.ts'
import { printType, type SqlType } from '../types/sql-type.ts'

/** The type a column may be changed to without rewriting data; none when Iceberg has no such promotion. */
export function changedType(type: IcebergType, from: SqlType, to: SqlType): IcebergType | undefined {
  if (printType(from) === printType(to)) return type
  if (from.kind === 'integer' && to.kind === 'bigint') return 'long'
  if (from.kind === 'real' && to.kind === 'double') return 'double'
  const isWider =
    from.kind === 'decimal' &&
    to.kind === 'decimal' &&
    from.scale === to.scale &&
    to.precision >= from.precision
  return isWider ? `decimal(${to.precision}, ${to.scale})` : undefined
}
