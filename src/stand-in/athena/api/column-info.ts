import type { SqlType } from '../types/sql-type.ts'

/** Describes one result column as GetQueryResults does; utility statements show Hive's `string`. */
export function columnInfo(name: string, type: SqlType, isDml: boolean) {
  return {
    CatalogName: 'hive',
    SchemaName: '',
    TableName: '',
    Name: name,
    Label: name,
    Type: isDml ? typeName(type) : 'string',
    ...digits(type, isDml),
    Nullable: 'UNKNOWN',
    CaseSensitive: isDml && (type.kind === 'varchar' || type.kind === 'char'),
  }
}

function typeName(type: SqlType): string {
  switch (type.kind) {
    case 'real':
      return 'float'
    case 'timestamptz':
      return 'timestamp with time zone'
    default:
      return type.kind
  }
}

const UNBOUNDED = 2147483647

/** Precision and scale as the drivers expect them, type by type. */
function digits(type: SqlType, isDml: boolean): { readonly Precision: number; readonly Scale: number } {
  if (!isDml) return { Precision: 0, Scale: 0 }
  switch (type.kind) {
    case 'decimal':
      return { Precision: type.precision, Scale: type.scale }
    case 'varchar':
      return { Precision: type.length ?? UNBOUNDED, Scale: 0 }
    case 'char':
      return { Precision: type.length, Scale: 0 }
    default:
      return { Precision: PRECISIONS.get(type.kind) ?? 0, Scale: 0 }
  }
}

const PRECISIONS: ReadonlyMap<string, number> = new Map([
  ['tinyint', 3],
  ['smallint', 5],
  ['integer', 10],
  ['bigint', 19],
  ['real', 17],
  ['double', 17],
  ['timestamp', 3],
  ['timestamptz', 3],
  ['varbinary', 1073741824],
])
