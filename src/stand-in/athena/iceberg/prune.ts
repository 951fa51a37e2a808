import type { SqlType } from '../types/sql-type.ts'
import { type Bound, decodeBound, isAfter } from './bounds.ts'
import type { DataFile } from './manifest.ts'

/** Rows matter only when this field lies between the bounds, both included; or is NULL, if so said. */
export interface FieldLimit {
  readonly fieldId: number
  readonly type: SqlType
  readonly low: Bound | undefined
  readonly high: Bound | undefined
  /** Rows without a value matter too. */
  readonly withNulls: boolean
}

/** False when the file's statistics prove that no row lies within all limits. */
export function mayContain(file: DataFile, limits: readonly FieldLimit[]): boolean {
  return limits.every(limit => overlaps(file, limit))
}

function overlaps(file: DataFile, limit: FieldLimit): boolean {
  if (limit.withNulls && mayHaveNulls(file, limit.fieldId)) return true
  const lower = boundOf(file.lowerBounds, limit)
  const upper = boundOf(file.upperBounds, limit)
  if (isAllNull(file, limit.fieldId)) return false
  if (limit.low !== undefined && upper !== undefined && isAfter(limit.low, upper)) return false
  return !(limit.high !== undefined && lower !== undefined && isAfter(lower, limit.high))
}

function mayHaveNulls(file: DataFile, fieldId: number): boolean {
  return file.nullCounts.get(fieldId) !== 0n
}

function isAllNull(file: DataFile, fieldId: number): boolean {
  const nulls = file.nullCounts.get(fieldId)
  return nulls !== undefined && nulls === file.valueCounts.get(fieldId)
}

function boundOf(bounds: ReadonlyMap<number, Buffer>, limit: FieldLimit): Bound | undefined {
  const buffer = bounds.get(limit.fieldId)
  return buffer && decodeBound(buffer, limit.type)
}
