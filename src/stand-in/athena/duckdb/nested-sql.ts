import { quoteName, quoteText } from '../sql/tokens.ts'
import type { SqlType } from '../types/sql-type.ts'

/** The types whose values have parts. */
export type NestedType = Extract<SqlType, { kind: 'array' | 'map' | 'row' }>

/** True for arrays, maps and rows. */
export function isNested(type: SqlType): type is NestedType {
  return type.kind === 'array' || type.kind === 'map' || type.kind === 'row'
}

/** The types of a nested type's parts: element; key and value; fields. */
export function partsOf(type: NestedType): readonly SqlType[] {
  switch (type.kind) {
    case 'array':
      return [type.element]
    case 'map':
      return [type.key, type.value]
    case 'row':
      return type.fields.map(field => field.type)
  }
}

/** True when a type is, or has somewhere inside, one that is looked for. */
export function holds(type: SqlType, isFound: (one: SqlType) => boolean): boolean {
  return isFound(type) || (isNested(type) && partsOf(type).some(part => holds(part, isFound)))
}

/** DuckDB's text of a nested value with each part, of the given number, made anew; what is NULL stays so. Fields get the names of `named`. */
export function rebuilt(
  sql: string,
  type: NestedType,
  part: (sql: string, index: number) => string,
  named: NestedType = type,
): string {
  const name = `part${heightOf(type)}`
  switch (type.kind) {
    case 'array':
      return `list_transform(${sql}, lambda ${name}: ${part(name, 0)})`
    case 'map':
      return `map_from_entries(${rebuiltEntries(sql, type, part)})`
    case 'row': {
      const names = named.kind === 'row' ? named.fields : type.fields
      const fields = type.fields.map((field, index) => {
        const value = part(`struct_extract(${sql}, ${fieldKey(field.name, index)})`, index)
        return `${quoteName(names[index]?.name ?? `field${index}`)} := ${value}`
      })
      return `CASE WHEN ${sql} IS NOT NULL THEN struct_pack(${fields.join(', ')}) END`
    }
  }
}

/** The same of a map as a list of its entries. */
export function rebuiltEntries(
  sql: string,
  type: NestedType,
  part: (sql: string, index: number) => string,
): string {
  const name = `part${heightOf(type)}`
  const entry = `struct_pack(key := ${part(`${name}.key`, 0)}, value := ${part(`${name}.value`, 1)})`
  return `list_transform(map_entries(${sql}), lambda ${name}: ${entry})`
}

/** A field without a name is told by its place. */
function fieldKey(name: string | undefined, index: number): string {
  return name === undefined ? String(index + 1) : quoteText(name)
}

/** Parts are lower than what they are in, so names made of it never hide each other. */
function heightOf(type: SqlType): number {
  return isNested(type) ? 1 + Math.max(0, ...partsOf(type).map(heightOf)) : 0
}
