import { notImitated } from '../query-error.ts'
import type { ScalarKind, SqlType } from '../types/sql-type.ts'
import type { IcebergField, IcebergType } from './metadata.ts'

const SCALARS: ReadonlyMap<string, ScalarKind> = new Map([
  ['boolean', 'boolean'],
  ['int', 'integer'],
  ['long', 'bigint'],
  ['float', 'real'],
  ['double', 'double'],
  ['date', 'date'],
  ['binary', 'varbinary'],
  ['uuid', 'uuid'],
])

/** Athena's type of an Iceberg type; timestamps have microseconds. */
export function fromIcebergType(type: IcebergType): SqlType {
  if (typeof type === 'string') return fromPrimitive(type)
  switch (type.type) {
    case 'list':
      return { kind: 'array', element: fromIcebergType(type.element) }
    case 'map':
      return { kind: 'map', key: fromIcebergType(type.key), value: fromIcebergType(type.value) }
    case 'struct':
      return {
        kind: 'row',
        fields: type.fields.map(field => ({ name: field.name, type: fromIcebergType(field.type) })),
      }
  }
}

function fromPrimitive(name: string): SqlType {
  const scalar = SCALARS.get(name)
  if (scalar) return { kind: scalar }
  if (name === 'string') return { kind: 'varchar' }
  if (name === 'time') return { kind: 'time', precision: 6 }
  if (name === 'timestamp') return { kind: 'timestamp', precision: 6 }
  if (name === 'timestamptz') return { kind: 'timestamptz', precision: 6 }
  if (name.startsWith('fixed')) return { kind: 'varbinary' }
  const decimal = /^decimal\((\d+),\s*(\d+)\)$/.exec(name)
  if (!decimal) throw notImitated(`The Iceberg type ${name}`)
  return { kind: 'decimal', precision: Number(decimal[1]), scale: Number(decimal[2]) }
}

/** Hands out field ids, each once. */
export type NextId = () => number

/** The Iceberg type of a column type; nested fields get ids of their own, all optional. */
function toIcebergType(type: SqlType, nextId: NextId): IcebergType {
  switch (type.kind) {
    case 'array':
      return {
        type: 'list',
        'element-id': nextId(),
        'element-required': false,
        element: toIcebergType(type.element, nextId),
      }
    case 'map':
      return {
        type: 'map',
        'key-id': nextId(),
        key: toIcebergType(type.key, nextId),
        'value-id': nextId(),
        'value-required': false,
        value: toIcebergType(type.value, nextId),
      }
    case 'row':
      return {
        type: 'struct',
        fields: type.fields.map(field => toField(field.name ?? '', field.type, nextId)),
      }
    default:
      return toPrimitive(type)
  }
}

/** An optional field with the next id; ids of nested fields come after it. */
export function toField(name: string, type: SqlType, nextId: NextId, doc?: string): IcebergField {
  const id = nextId()
  const field = { id, name, required: false, type: toIcebergType(type, nextId) }
  return doc === undefined ? field : { ...field, doc }
}

function toPrimitive(type: SqlType): string {
  switch (type.kind) {
    case 'integer':
      return 'int'
    case 'bigint':
      return 'long'
    case 'real':
      return 'float'
    case 'varchar':
      return 'string'
    case 'varbinary':
      return 'binary'
    case 'decimal':
      return `decimal(${type.precision}, ${type.scale})`
    default:
      return type.kind
  }
}
