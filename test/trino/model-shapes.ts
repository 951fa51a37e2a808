import fc from 'fast-check'
import type { ColumnType } from '../../src/domain/column-type.ts'
import type { WriteMode } from '../../src/domain/model.ts'

/** What decides the statements of a model's loads. */
export interface ModelShape {
  readonly writeMode: WriteMode
  /** Types of the key's columns; none: rows are told apart by what they hold. */
  readonly keys: readonly ColumnType[]
  readonly cursor?: ColumnType | undefined
  readonly deletes?: { readonly type: ColumnType; readonly keepRows: boolean } | undefined
  /** Whether there is a column that is the same in all rows of a key. */
  readonly hasImmutable?: boolean
  /** Whether there is the version's column of a Singer stream, so that older versions are removed. */
  readonly hasVersion?: boolean
  readonly values: readonly ColumnType[]
  /** Columns that the second load adds. */
  readonly added: readonly ColumnType[]
  /** Whether the second load is a full refresh. */
  readonly isRefreshed?: boolean
  /** Whether the third load's model is the first one again, with narrower types and the dropped column back. */
  readonly isTakenBack?: boolean
}

/** Types by name. */
export const [INTEGER, BIGINT, STRING, DATE, TIMESTAMP, BOOLEAN] = [
  { kind: 'integer' },
  { kind: 'bigint' },
  { kind: 'string' },
  { kind: 'date' },
  { kind: 'timestamp' },
  { kind: 'boolean' },
] as const
/** Widens to double. */
export const FLOAT = { kind: 'float' } as const
/** Widens to 38 digits. */
export const DECIMAL = { kind: 'decimal', precision: 20, scale: 0 } as const

const KEY_KINDS: readonly ColumnType[] = [INTEGER, BIGINT, STRING, DATE, TIMESTAMP, DECIMAL]

const CURSOR_KINDS: readonly ColumnType[] = [TIMESTAMP, TIMESTAMP, DATE, INTEGER, BIGINT]

/** Lists, maps and structs, with and without timestamps in them. */
export const NESTED: readonly ColumnType[] = [
  { kind: 'list', element: INTEGER },
  { kind: 'list', element: { kind: 'list', element: TIMESTAMP } },
  { kind: 'map', key: STRING, value: { kind: 'decimal', precision: 38, scale: 9 } },
  {
    kind: 'struct',
    members: [
      { name: 'Text', tableName: 'text', type: STRING },
      { name: 'timestamp', tableName: 'timestamp', type: TIMESTAMP },
      { name: 'doubles', tableName: 'doubles', type: { kind: 'list', element: { kind: 'double' } } },
    ],
  },
]

const KINDS: readonly ColumnType[] = [
  BOOLEAN,
  INTEGER,
  BIGINT,
  FLOAT,
  { kind: 'double' },
  { kind: 'decimal', precision: 38, scale: 9 },
  { kind: 'decimal', precision: 9, scale: 2 },
  DECIMAL,
  STRING,
  { kind: 'json' },
  { kind: 'bytes' },
  DATE,
  TIMESTAMP,
  ...NESTED,
]

/** Shapes of all write modes. */
export const modelShape: fc.Arbitrary<ModelShape> = fc
  .record({
    writeMode: fc.constantFrom<WriteMode[]>('merge', 'merge', 'append', 'overwrite'),
    keys: fc.array(fc.constantFrom(...KEY_KINDS), { maxLength: 2 }),
    cursor: fc.option(fc.constantFrom(...CURSOR_KINDS), { nil: undefined }),
    deletes: fc.option(
      fc.record({ type: fc.constantFrom<ColumnType[]>(BOOLEAN, DATE, TIMESTAMP), keepRows: fc.boolean() }),
      { nil: undefined },
    ),
    hasImmutable: fc.boolean(),
    hasVersion: fc.boolean(),
    values: fc.array(fc.constantFrom(...KINDS), { maxLength: 6 }),
    added: fc.array(fc.constantFrom(...KINDS), { maxLength: 2 }),
    isRefreshed: fc.boolean(),
    isTakenBack: fc.boolean(),
  })
  .map(({ keys, deletes, ...shape }) => ({
    ...shape,
    keys: shape.writeMode === 'merge' && keys.length === 0 ? [BIGINT] : keys,
    deletes: deletes && { ...deletes, keepRows: deletes.keepRows || shape.writeMode === 'append' },
  }))
