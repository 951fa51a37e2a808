import { type ColumnType, isNested, type NestedType, type ScalarType } from '../domain/column-type.ts'

/** SQL over each part of a list, map or struct, which stays NULL where it is NULL. `level` keeps the names of parts apart. */
export function overList(list: string, level: number, element: (part: string) => string): string {
  return `list_transform(${list}, lambda part_${level}: ${element(`part_${level}`)})`
}

/** A map as the list of its entries, keys and values made anew, see `overList`. */
export function overEntries(
  map: string,
  level: number,
  parts: { readonly key: (part: string) => string; readonly value: (part: string) => string },
): string {
  const entry = (part: string): string =>
    `struct_pack(key := ${parts.key(`${part}.key`)}, value := ${parts.value(`${part}.value`)})`
  return overList(`map_entries(${map})`, level, entry)
}

/** A struct of new members, NULL where the old one is. */
export function overStruct(
  struct: string,
  members: readonly (readonly [name: string, sql: string])[],
): string {
  const packed = members.map(([name, sql]) => `${quoted(name)} := ${sql}`).join(', ')
  return `CASE WHEN ${struct} IS NOT NULL THEN struct_pack(${packed}) END`
}

/** A member of a struct. */
export function memberOf(struct: string, name: string): string {
  return `struct_extract(${struct}, '${name.replaceAll("'", "''")}')`
}

/** The DuckDB type of canonical text: nested as the type is, with a text for each scalar. */
export function canonicalTypeOf(type: ColumnType): string {
  switch (type.kind) {
    case 'list':
      return `${canonicalTypeOf(type.element)}[]`
    case 'map':
      return `MAP(VARCHAR, ${canonicalTypeOf(type.value)})`
    case 'struct':
      return `STRUCT(${type.members.map(member => `${quoted(member.tableName)} ${canonicalTypeOf(member.type)}`).join(', ')})`
    default:
      return 'VARCHAR'
  }
}

/** Canonical text as it is staged, each scalar in it by `scalar`. */
export function stagedNested(
  sql: string,
  type: NestedType,
  scalar: (sql: string, type: ScalarType) => string,
  level = 0,
): string {
  const staged = (part: string, partType: ColumnType): string => {
    if (isNested(partType)) return stagedNested(part, partType, scalar, level + 1)
    return partType.kind === 'timestamp' ? part : scalar(part, partType)
  }
  switch (type.kind) {
    case 'list':
      return overList(sql, level, part => staged(part, type.element))
    case 'map':
      return `map_from_entries(${overEntries(sql, level, {
        key: part => staged(part, type.key),
        value: part => staged(part, type.value),
      })})`
    case 'struct':
      return overStruct(
        sql,
        type.members.map(({ tableName, type: inner }) => [
          tableName,
          staged(memberOf(sql, tableName), inner),
        ]),
      )
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
