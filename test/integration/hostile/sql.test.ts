import { paginateGetDatabases, paginateGetTables } from '@aws-sdk/client-glue'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Model, modelSchema } from '../../../src/domain/model.ts'
import { type StraightLine, startStraightLine } from '../../support/straight-line.ts'

let line: StraightLine
const canary = modelSchema.parse({
  ...{ name: 'canary', source: 'files', files: { path: 'canary.ndjson' }, primaryKey: ['id'] },
  columns: [{ name: 'id', type: 'bigint' }],
})
beforeAll(async () => {
  line = await startStraightLine()
  await line.writeSource(canary, ['{"id":1}', '{"id":2}'])
  await line.transfer(canary)
})
afterAll(() => line.stop())

/** Texts that end something early in one grammar or another. */
const HOSTILE = [
  `'; DROP TABLE canary; --`,
  `" ; DROP TABLE canary; --`,
  '`; DROP TABLE `canary`; --',
  `\\'; DROP TABLE canary; --`,
  `\\`,
  `a\\`,
  `''`,
  `'`,
  `"`,
  '`',
  `') OR ('1'='1`,
  `1); DELETE FROM canary WHERE (1=1`,
  '*/ DROP TABLE canary /*',
  '-- ',
  `’; DROP TABLE canary; --`,
  `ʼ OR 1=1`,
  `＇; DROP TABLE canary`,
  `\u02B9\u2032\u2018`,
  '{jndi:x}',
  '%s %d %n {0} ?',
  `s3://other/'`,
  'a\u2028b\u2029c',
  '😀"\'`\\',
]

/** What a name cannot have beside: a NUL, and what ends lines. */
const HOSTILE_VALUES = [...HOSTILE, 'nul\0nul', `\0'; DROP TABLE canary; --`, 'two\nlines', '\r\n', '']

async function databases(): Promise<readonly string[]> {
  const names: string[] = []
  for await (const { DatabaseList = [] } of paginateGetDatabases({ client: line.customer.glue }, {}))
    names.push(...DatabaseList.map(({ Name = '' }) => Name))
  return names
}

async function tables() {
  const found = []
  for await (const { TableList = [] } of paginateGetTables(
    { client: line.customer.glue },
    { DatabaseName: line.schema },
  ))
    found.push(...TableList)
  return found
}

/** Nothing else came or went: the canary is whole, and of databases and tables there are those that there should be. */
async function expectUntouched(loaded: readonly Model[]): Promise<void> {
  expect(await line.customer.sql('SELECT id FROM canary ORDER BY id')).toEqual([['1'], ['2']])
  expect((await databases()).filter(name => name !== 'default')).toEqual([line.schema])
  const names = (await tables()).map(({ Name }) => Name)
  for (const name of ['canary', ...loaded.map(({ tableName }) => tableName)]) expect(names).toContain(name)
  for (const name of names) expect(name).toMatch(/^(canary|hostile_\w+)$/)
}

/** Text as a literal of Trino's, by its code points: what is asked must not rest on the quoting under test. */
function literal(text: string): string {
  const hex = Buffer.from(text).toString('hex')
  return hex === '' ? "''" : `from_utf8(X'${hex}')`
}

/** A model whose names, descriptions, keys, cursor and partitions are all made of hostile texts. */
function hostileModel(name: string, texts: readonly string[], more: object = {}): Model {
  const columns = texts.map((text, index) => ({
    name: `${index}${text}`,
    type: 'string',
    description: text.slice(0, 60),
  }))
  return modelSchema.parse({
    ...{ name: `hostile ${name}`, source: 'files', files: { path: `${name}.ndjson` } },
    description: texts.join(' ').slice(0, 2000),
    primaryKey: [`key'"\`\\;--`, columns[0]?.name],
    cursor: `at'; --`,
    nameCollisions: 'suffix',
    columns: [
      { name: `key'"\`\\;--`, type: 'bigint' },
      { name: `at'; --`, type: 'timestamp', description: `'\\` },
      { name: `struct'`, type: `struct<"a'b;--": string, "\\\\c": list<string>>` },
      ...columns,
    ],
    ...more,
  })
}

function hostileRow(model: Model, id: number, texts: readonly string[], minute: number): string {
  const [key = '', at = '', struct = '', ...rest] = model.columns.map(({ name }) => name)
  const inner = { "a'b;--": texts[id % texts.length], '\\c': texts }
  return JSON.stringify({
    [key]: id,
    [at]: `2026-01-01T00:0${minute}:00Z`,
    [struct]: inner,
    ...Object.fromEntries(rest.map((name, index) => [name, texts[(index + id) % texts.length]])),
  })
}

async function load(model: Model, texts: readonly string[], rows: readonly (readonly [number, number])[]) {
  await line.writeSource(
    model,
    rows.map(([id, minute]) => hostileRow(model, id, texts, minute)),
  )
  return line.transfer(model)
}

/** The rows of a model's table that hold each declared value as the source has it, counted in Athena. */
async function exactRows(model: Model, texts: readonly string[], ids: readonly number[]): Promise<number> {
  const [key, , , ...rest] = model.columns.map(({ tableName }) => tableName)
  const conditions = ids.map(id => {
    const values = rest.map(
      (name, index) => `"${name}" = ${literal(texts[(index + id) % texts.length] ?? '')}`,
    )
    return `("${key}" = ${id} AND ${values.join(' AND ')})`
  })
  const [[count] = []] = await line.customer.sql(
    `SELECT count(*) FROM ${model.tableName} WHERE ${conditions.join(' OR ')}`,
  )
  return Number(count)
}

it.each([
  ['merge', {}],
  ['append', { writeMode: 'append' }],
  ['overwrite', { writeMode: 'overwrite' }],
  ['overwrite by swap', { writeMode: 'overwrite', swapAtBytes: 0 }],
] as const)(
  'no text in names, descriptions, keys or values is read as SQL by %s: rows and comments are as they were written, and nothing else',
  async (mode, more) => {
    const model = hostileModel(mode.replaceAll(' ', '_'), HOSTILE, more)
    await load(model, HOSTILE_VALUES, [
      [0, 0],
      [1, 1],
      [2, 2],
    ])
    const second = await load(model, HOSTILE_VALUES, [
      [0, 0],
      [1, 1],
      [2, 2],
      [3, 3],
    ])
    const table = (await tables()).find(({ Name }) => Name === model.tableName)
    const comments = new Map(table?.StorageDescriptor?.Columns?.map(({ Name, Comment }) => [Name, Comment]))

    expect(second).toMatchObject({ status: 'SUCCESS' })
    expect(await exactRows(model, HOSTILE_VALUES, [0, 1, 2, 3])).toBe(4)
    expect(await line.customer.sql(`SELECT count(*) FROM ${model.tableName}`)).toEqual([['4']])
    for (const { tableName, description } of model.columns)
      if (description !== undefined) expect(comments.get(tableName)).toBe(description)
    expect(table?.Description).toBe(model.description)
    expect(await line.leftovers()).toEqual([])
    await expectUntouched([model])
  },
)

it('a partition by a hostile column, and a column added, described anew and widened, change what they say and no more', async () => {
  const name = `part'"\`;--`
  const column = (description: string, type: string) => ({ name: `n\\';--`, type, description })
  const shape = (description: string, type: string) =>
    modelSchema.parse({
      ...{ name: 'hostile partitions', source: 'files', files: { path: 'p.ndjson' }, primaryKey: ['id'] },
      partitionBy: [name, `truncate(2, n\\';--)`].slice(0, 1),
      columns: [{ name: 'id', type: 'bigint' }, { name, type: 'string' }, column(description, type)],
    })
  for (const [index, description] of HOSTILE.slice(0, 6).entries()) {
    const model = shape(description, index < 3 ? 'integer' : 'bigint')
    await line.writeSource(
      model,
      HOSTILE_VALUES.slice(0, index + 3).map((value, id) =>
        JSON.stringify({ id, [name]: value, "n\\';--": id + index }),
      ),
    )
    await line.transfer(model)
    const table = (await tables()).find(({ Name }) => Name === model.tableName)
    expect(table?.StorageDescriptor?.Columns?.at(2)?.Comment).toBe(description)
  }

  const model = shape('', 'bigint')
  const [, part] = model.columns
  for (const value of HOSTILE_VALUES.slice(0, 8))
    expect(
      await line.customer.sql(
        `SELECT count(*) FROM ${model.tableName} WHERE "${part?.tableName}" = ${literal(value)}`,
      ),
    ).toEqual([['1']])
  await expectUntouched([model])
})

it('whatever texts a model and its rows are made of, a transfer loads them and touches nothing else', async () => {
  const text = fc.oneof(
    fc.constantFrom(...HOSTILE),
    fc.string({
      unit: fc.constantFrom("'", '"', '`', '\\', ';', '-', '/', '*', ' ', 'a', 'é', '’', '\0', '(', ')', '%'),
      minLength: 1,
      maxLength: 20,
    }),
  )
  let number = 0
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 6 }), async texts => {
      const shown = texts.map(one => one.replaceAll('\0', '0'))
      const model = hostileModel(`random_${number++}`, shown)
      const result = await load(model, texts, [
        [0, 0],
        [1, 1],
      ])

      expect(result).toMatchObject({ status: 'SUCCESS', rowCount: 2 })
      expect(await exactRows(model, texts, [0, 1])).toBe(2)
      await expectUntouched([model])
    }),
    { numRuns: 6 },
  )
})
