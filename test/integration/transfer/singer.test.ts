import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { type Customer, createCustomer, type PermissionPolicy } from '../../support/customer.ts'
import { startStandIn, type TestStandIn } from '../../support/stand-in.ts'
import { createWorkspace, type Workspace } from '../../support/workspace.ts'

let standIn: TestStandIn
beforeAll(async () => {
  standIn = await startStandIn()
})
afterAll(() => standIn.stop())

async function setUp(): Promise<{ customer: Customer; workspace: Workspace }> {
  const customer = await createCustomer(standIn)
  return { customer, workspace: await createWorkspace(standIn, customer) }
}

function schema(stream: string, properties: object = {}): object {
  return {
    type: 'SCHEMA',
    stream,
    key_properties: ['id'],
    schema: { properties: { id: { type: 'integer' }, name: { type: ['null', 'string'] }, ...properties } },
  }
}

function record(stream: string, value: object, more: object = {}): object {
  return { type: 'RECORD', stream, record: value, ...more }
}

function input(...messages: readonly object[]): string {
  return messages.map(message => `${JSON.stringify(message)}\n`).join('')
}

const USERS = [
  schema('users'),
  record('users', { id: 1, name: 'Ann' }),
  record('users', { id: 2, name: 'Bob' }),
  record('users', { id: 1, name: 'Anna' }),
]

const rowsSchema = z.object({ rows: z.array(z.array(z.string().nullable())) })

async function select(workspace: Workspace, sql: string) {
  const { stdout, stderr } = await workspace.cli('query', 'acme', sql)
  if (stdout === '') throw new Error(stderr)
  return rowsSchema.parse(JSON.parse(stdout)).rows
}

function users(workspace: Workspace) {
  return select(workspace, 'SELECT id, name FROM "acme_export"."users" ORDER BY id')
}

it('loads the streams of standard input, of one key the last record, and tells STATE alone on standard output', async () => {
  const { workspace } = await setUp()
  const messages = input(
    ...USERS,
    { type: 'STATE', value: { users: 1 } },
    schema('Order-Lines', { total: { type: 'number', multipleOf: 0.01 }, tags: { type: 'array' } }),
    record('Order-Lines', { id: 7, total: 12.5, tags: ['a', 'ü'] }),
    { type: 'STATE', value: { users: 2, lines: 7 } },
  )
  const first = await workspace.cliWithInput(messages, 'run', 'acme', '--singer', '-')
  const second = await workspace.cliWithInput(messages, '--json', 'run', 'acme', '--singer', '-')

  expect(first).toMatchObject({ exitCode: 0, stdout: '{"users":2,"lines":7}\n' })
  expect(await users(workspace)).toEqual([
    ['1', 'Anna'],
    ['2', 'Bob'],
  ])
  expect(await select(workspace, 'SELECT id, total, tags FROM "acme_export"."order_lines"')).toEqual([
    ['7', '12.50', '["a","ü"]'],
  ])
  expect(second.stdout).toBe(first.stdout)
  expect(JSON.parse(second.stderr).transfers).toMatchObject([
    { status: 'SUCCESS', models: [{ changedRowCount: 0 }, { changedRowCount: 0 }] },
  ])
  await workspace.remove()
})

it('reads a packed file and tells STATE in the state file, the result on standard output', async () => {
  const { workspace } = await setUp()
  const path = await workspace.writeData(
    'tap.singer.gz',
    gzipSync(input(...USERS, { type: 'STATE', value: 'x' })),
  )
  const state = join(workspace.folder, 'state.json')
  const { stdout, exitCode } = await workspace.cli('run', 'acme', '--singer', path, '--state', state)

  expect(exitCode).toBe(0)
  expect(JSON.parse(stdout).transfers).toMatchObject([
    { status: 'SUCCESS', models: [{ model: 'users', rowCount: 3 }] },
  ])
  expect(await readFile(state, 'utf8')).toBe('"x"\n')
  await workspace.remove()
})

/** The customer's policy, less all rights on a table. */
function withoutTable({ policy, schema: database }: Customer, table: string): PermissionPolicy {
  const denied = {
    Sid: 'DenyTable',
    Effect: 'Deny',
    Action: ['glue:*'],
    Resource: [`arn:aws:glue:*:*:table/${database}/${table}`],
  }
  return { ...policy, Statement: [...policy.Statement, denied] }
}

it('a load that fails tells no STATE, and the next run loads everything once', async () => {
  const { customer, workspace } = await setUp()
  const messages = input(...USERS, schema('teams'), record('teams', { id: 1 }), { type: 'STATE', value: 1 })
  await customer.setPolicy(withoutTable(customer, 'teams'))
  const failed = await workspace.cliWithInput(messages, '--json', 'run', 'acme', '--singer', '-')
  await customer.setPolicy(customer.policy)
  const halfway = await users(workspace)
  const again = await workspace.cliWithInput(messages, 'run', 'acme', '--singer', '-')

  expect(failed).toMatchObject({ exitCode: 5, stdout: '' })
  expect(JSON.parse(failed.stderr).transfers).toMatchObject([
    { status: 'PARTIAL_FAILURE', models: [{ status: 'SUCCESS' }, { model: 'teams', status: 'ERROR' }] },
  ])
  expect(halfway).toHaveLength(2)
  expect(again).toMatchObject({ exitCode: 0, stdout: '1\n' })
  expect(await users(workspace)).toEqual([
    ['1', 'Anna'],
    ['2', 'Bob'],
  ])
  expect(await select(workspace, 'SELECT id FROM "acme_export"."teams"')).toEqual([['1']])
  await workspace.remove()
})

it('a run that is killed after its load tells no STATE, and the next run doubles nothing', async () => {
  const { workspace } = await setUp()
  const messages = input(...USERS, { type: 'STATE', value: 1 })
  await standIn.setFault({ name: 's3.PutObject.slow', delayMs: 60_000, match: '/_manifests/' })
  const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url))
  const child = spawn(process.execPath, [main, 'run', 'acme', '--singer', '-'], {
    env: { ...process.env, ...workspace.env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let told = ''
  child.stdout.on('data', text => (told += text))
  child.stdin.end(messages)
  await expect.poll(() => users(workspace).catch(() => []), { timeout: 60_000 }).toHaveLength(2)
  child.kill('SIGKILL')
  await once(child, 'close')
  await standIn.clearFaults()
  const again = await workspace.cliWithInput(messages, 'run', 'acme', '--singer', '-')

  expect(told).toBe('')
  expect(again).toMatchObject({ exitCode: 0, stdout: '1\n' })
  expect(await users(workspace)).toEqual([
    ['1', 'Anna'],
    ['2', 'Bob'],
  ])
  await workspace.remove()
})

it('ACTIVATE_VERSION removes the rows of older versions, and of no version, and keeps those of its own', async () => {
  const { workspace } = await setUp()
  const run = async (...messages: object[]) =>
    expect(
      await workspace.cliWithInput(input(schema('users'), ...messages), 'run', 'acme', '--singer', '-'),
    ).toMatchObject({ exitCode: 0 })
  const activate = (version: number) => ({ type: 'ACTIVATE_VERSION', stream: 'users', version })
  await run(record('users', { id: 1, name: 'of no version' }))
  await run(record('users', { id: 2, name: 'first' }, { version: 1 }))
  const before = await users(workspace)
  await run(activate(1), record('users', { id: 3, name: 'second' }, { version: 1 }), activate(1))
  const same = await users(workspace)
  await run(record('users', { id: 3, name: 'third' }, { version: 2 }), activate(2))

  expect(before.map(([id]) => id)).toEqual(['1', '2'])
  expect(same.map(([id]) => id)).toEqual(['2', '3'])
  expect(await users(workspace)).toEqual([['3', 'third']])
  await workspace.remove()
})

it('rows of older versions leave with the load itself: readers see either version whole', async () => {
  const { workspace } = await setUp()
  const keyless = { ...schema('events'), key_properties: [] }
  const run = async (...messages: object[]) => {
    const { stderr } = await workspace.cliWithInput(
      input(...messages),
      '--json',
      'run',
      'acme',
      '--singer',
      '-',
    )
    return JSON.parse(stderr).transfers[0].models.map(
      (model: { statementCount: number; changedRowCount: number }) => [
        model.statementCount,
        model.changedRowCount,
      ],
    )
  }
  const version = (number: number, ids: readonly number[]) =>
    ['users', 'events'].flatMap(stream => [
      ...ids.map(id => record(stream, { id, name: `v${number}` }, { version: number })),
      { type: 'ACTIVATE_VERSION', stream, version: number },
    ])
  const state = { type: 'STATE', value: 1 }
  await run(schema('users'), keyless, ...version(1, [1, 2, 3]), state)
  const second = await run(schema('users'), keyless, ...version(2, [3, 4]), state)
  const third = await run(schema('users'), keyless, ...version(3, []), state)

  // By key 1 and 2 leave, 3 is updated and 4 is new; told apart by content all three leave and two are new.
  expect(second).toEqual([
    [1, 4],
    [1, 5],
  ])
  expect(third).toEqual([
    [1, 2],
    [1, 2],
  ])
  for (const table of ['users', 'events']) {
    expect(await select(workspace, `SELECT count(*) FROM "acme_export"."${table}$snapshots"`)).toEqual([
      ['3'],
    ])
    expect(await select(workspace, `SELECT * FROM "acme_export"."${table}"`)).toEqual([])
  }
  await workspace.remove()
})

it('a record of an older version than the active one neither arrives nor replaces a newer row', async () => {
  const { workspace } = await setUp()
  const messages = input(
    schema('users'),
    record('users', { id: 1, name: 'new' }, { version: 2 }),
    record('users', { id: 2, name: 'old' }, { version: 1 }),
    { type: 'ACTIVATE_VERSION', stream: 'users', version: 2 },
  )
  const later = input(schema('users'), record('users', { id: 1, name: 'old' }, { version: 1 }), {
    type: 'ACTIVATE_VERSION',
    stream: 'users',
    version: 2,
  })
  await workspace.cliWithInput(messages, 'run', 'acme', '--singer', '-')
  const outcome = await workspace.cliWithInput(later, 'run', 'acme', '--singer', '-')

  expect(outcome).toMatchObject({ exitCode: 0 })
  expect(await users(workspace)).toEqual([['1', 'new']])
  await workspace.remove()
})

it('an input with a record that does not fit loads nothing and tells no STATE', async () => {
  const { workspace } = await setUp()
  const messages = input(...USERS, { type: 'STATE', value: 1 }, record('users', { id: 'x' }))
  const { stdout, stderr, exitCode } = await workspace.cliWithInput(
    messages,
    '--json',
    'run',
    'acme',
    '--singer',
    '-',
  )

  expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 3 })
  expect(JSON.parse(stderr).error).toMatchObject({
    code: 'SINGER_INVALID',
    message: 'standard input line 6, stream "users", property "id": "x" must be integer',
  })
  await expect(users(workspace)).rejects.toThrow(/does not exist/)
  await workspace.remove()
})

it('a stream that gains a property gains a column; a stream without records is an empty table', async () => {
  const { workspace } = await setUp()
  const messages = input(
    ...USERS,
    schema('users', { vip: { type: 'boolean' } }),
    record('users', { id: 3, vip: true }),
    schema('teams'),
  )
  await workspace.cliWithInput(messages, 'run', 'acme', '--singer', '-')

  expect(await select(workspace, 'SELECT id, vip FROM "acme_export"."users" ORDER BY id')).toEqual([
    ['1', null],
    ['2', null],
    ['3', 'true'],
  ])
  expect(await select(workspace, 'SELECT * FROM "acme_export"."teams"')).toEqual([])
  await workspace.remove()
})

it.each([[['--singer', '-', '--model', 'users']], [['--state', 'state.json']]])(
  'refuses %j together',
  async args => {
    const { workspace } = await setUp()
    expect(await workspace.cli('run', 'acme', ...args)).toMatchObject({ exitCode: 2, stdout: '' })
    await workspace.remove()
  },
)
