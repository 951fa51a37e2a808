import type { Place } from '../query-error.ts'
import type { SqlType } from '../types/sql-type.ts'

/** An expression, each with the place it begins at. */
export type Expression = { readonly place: Place } & ExpressionShape

type ExpressionShape =
  | { readonly kind: 'null' }
  | { readonly kind: 'literal'; readonly type: SqlType; readonly text: string }
  | { readonly kind: 'interval'; readonly value: string; readonly unit: string }
  | { readonly kind: 'column'; readonly parts: readonly string[] }
  | { readonly kind: 'not' | 'minus'; readonly operand: Expression }
  | {
      readonly kind: 'binary'
      readonly operator: BinaryOperator
      readonly left: Expression
      readonly right: Expression
    }
  | { readonly kind: 'isNull'; readonly operand: Expression; readonly negated: boolean }
  | {
      readonly kind: 'between'
      readonly operand: Expression
      readonly low: Expression
      readonly high: Expression
      readonly negated: boolean
    }
  | {
      readonly kind: 'in'
      readonly operand: Expression
      readonly options: readonly Expression[] | Query
      readonly negated: boolean
    }
  | {
      readonly kind: 'like'
      readonly operand: Expression
      readonly pattern: Expression
      readonly escapeBy: Expression | undefined
      readonly negated: boolean
    }
  | { readonly kind: 'exists' | 'subquery'; readonly query: Query }
  | {
      readonly kind: 'case'
      readonly operand: Expression | undefined
      readonly branches: readonly { readonly when: Expression; readonly result: Expression }[]
      readonly otherwise: Expression | undefined
    }
  | { readonly kind: 'cast'; readonly operand: Expression; readonly type: SqlType; readonly lenient: boolean }
  | { readonly kind: 'call'; readonly call: Call }
  | { readonly kind: 'array' | 'row'; readonly items: readonly Expression[] }
  | { readonly kind: 'subscript'; readonly base: Expression; readonly index: Expression }
  | { readonly kind: 'atTimeZone'; readonly operand: Expression; readonly zone: string }

/** The operators between two operands. */
export type BinaryOperator =
  | 'and'
  | 'or'
  | ArithmeticOperator
  | '||'
  | ComparisonOperator
  | 'is distinct from'
  | 'is not distinct from'

/** The operators whose result is a number. */
export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%'

/** The operators that compare and answer NULL for NULL. */
export type ComparisonOperator = '=' | '<>' | '<' | '<=' | '>' | '>='

/** A function, aggregate or window function call. */
export interface Call {
  readonly name: string
  readonly args: readonly Expression[]
  readonly isStar: boolean
  readonly isDistinct: boolean
  readonly orderBy: readonly SortItem[]
  readonly filter: Expression | undefined
  readonly over: Window | undefined
}

/** What follows OVER. */
export interface Window {
  readonly partitionBy: readonly Expression[]
  readonly orderBy: readonly SortItem[]
  /** `ROWS BETWEEN … AND …` in capital words; empty when absent. */
  readonly frame: string
}

/** One item of ORDER BY. */
export interface SortItem {
  readonly by: Expression
  readonly isDescending: boolean
  /** Trino sorts NULL last unless told otherwise, in both directions. */
  readonly nullsFirst: boolean
}

/** A query with its WITH, ORDER BY, OFFSET and LIMIT. */
export interface Query {
  readonly place: Place
  readonly with: readonly NamedQuery[]
  readonly body: QueryBody
  readonly orderBy: readonly SortItem[]
  readonly offset: number | undefined
  readonly limit: number | undefined
}

/** One member of a WITH list. */
export interface NamedQuery {
  readonly name: string
  readonly columns: readonly string[]
  readonly query: Query
}

/** What a query is made of. */
export type QueryBody =
  | Select
  | { readonly kind: 'values'; readonly place: Place; readonly rows: readonly (readonly Expression[])[] }
  | { readonly kind: 'nested'; readonly query: Query }
  | {
      readonly kind: 'set'
      readonly place: Place
      readonly operator: 'UNION' | 'INTERSECT' | 'EXCEPT'
      readonly all: boolean
      readonly left: QueryBody
      readonly right: QueryBody
    }

/** SELECT … FROM … WHERE … GROUP BY … HAVING. */
export interface Select {
  readonly kind: 'select'
  readonly place: Place
  readonly isDistinct: boolean
  readonly items: readonly SelectItem[]
  readonly from: Relation | undefined
  readonly where: Expression | undefined
  readonly groupBy: readonly Expression[]
  readonly having: Expression | undefined
}

/** One item of the select list. */
export type SelectItem =
  | { readonly kind: 'expression'; readonly expression: Expression; readonly alias: string | undefined }
  | { readonly kind: 'star'; readonly of: string | undefined; readonly place: Place }

/** What stands in FROM. */
export type Relation =
  | {
      readonly kind: 'table'
      readonly parts: readonly string[]
      readonly place: Place
      readonly alias: Alias | undefined
      readonly asOf: AsOf | undefined
    }
  | { readonly kind: 'query'; readonly query: Query; readonly alias: Alias | undefined }
  | {
      readonly kind: 'unnest'
      readonly place: Place
      readonly items: readonly Expression[]
      readonly alias: Alias | undefined
    }
  | {
      readonly kind: 'join'
      readonly join: 'INNER' | 'LEFT' | 'RIGHT' | 'FULL' | 'CROSS'
      readonly left: Relation
      readonly right: Relation
      readonly on: Expression | undefined
      readonly using: readonly string[]
      readonly place: Place
    }

/** A relation's other name, and its columns' other names. */
export interface Alias {
  readonly name: string
  readonly columns: readonly string[]
}

/** Time travel: by snapshot id or by moment. */
export type AsOf =
  | { readonly kind: 'version'; readonly snapshotId: bigint }
  | { readonly kind: 'timestamp'; readonly moment: Expression }

/** A reference to a target table of INSERT, MERGE, UPDATE and DELETE. */
export interface Target {
  readonly parts: readonly string[]
  readonly place: Place
  readonly alias: string | undefined
}

/** One SET of UPDATE or MERGE. */
export interface Assignment {
  readonly column: string
  readonly value: Expression
  readonly place: Place
}

/** One WHEN clause of MERGE. */
export type MergeClause =
  | {
      readonly kind: 'update'
      readonly place: Place
      readonly condition: Expression | undefined
      readonly assignments: readonly Assignment[]
    }
  | { readonly kind: 'delete'; readonly place: Place; readonly condition: Expression | undefined }
  | {
      readonly kind: 'insert'
      readonly place: Place
      readonly condition: Expression | undefined
      readonly columns: readonly string[]
      readonly values: readonly Expression[]
    }

/** MERGE INTO. */
export interface Merge {
  readonly kind: 'merge'
  readonly target: Target
  readonly source: Relation
  readonly on: Expression
  readonly clauses: readonly MergeClause[]
}

/** How the Parquet files of UNLOAD and CREATE TABLE AS SELECT can be compressed here. */
export const COMPRESSIONS = ['gzip', 'snappy', 'zstd'] as const

/** One of {@link COMPRESSIONS}. */
export type Compression = (typeof COMPRESSIONS)[number]

/** Every statement with a query or a table's rows in it. */
export type DmlStatement =
  | { readonly kind: 'select'; readonly query: Query }
  | {
      readonly kind: 'insert'
      readonly target: Target
      readonly columns: readonly string[]
      readonly query: Query
    }
  | Merge
  | {
      readonly kind: 'update'
      readonly target: Target
      readonly assignments: readonly Assignment[]
      readonly where: Expression | undefined
    }
  | { readonly kind: 'delete'; readonly target: Target; readonly where: Expression | undefined }
  | {
      readonly kind: 'unload'
      readonly query: Query
      readonly to: string
      readonly compression: Compression
    }
  | {
      readonly kind: 'ctas'
      readonly target: Target
      readonly ifNotExists: boolean
      readonly query: Query
      readonly compression: Compression
      /** Absent when Athena is to choose the folder. */
      readonly location: string | undefined
    }
