/**
 * `node test/singer/main.ts FOLDER [STREAM…]`: runs the streams of the Singer SDK's target tests (`singer_sdk/testing/target_test_streams`)
 * onto the stand-in. Each is read back through Athena's API and compared with an independent reading, or is to be refused.
 */
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import Table from 'cli-table3'
import { z } from 'zod'
import { createCustomer } from '../support/customer.ts'
import { startStandIn, type TestStandIn } from '../support/stand-in.ts'
import { createWorkspace, type Workspace } from '../support/workspace.ts'
import {
  type ExpectedTable,
  expectedRows,
  expectedTables,
  foundRows,
  lastState,
  messagesOf,
} from './reading.ts'

/** Streams that are to be refused, as `target_tests.py` of the SDK expects or, for the last, as its record validation does. */
const REFUSED: Readonly<Record<string, RegExp>> = {
  invalid_schema: /line 1, stream "test_invalid_schema", property "schema\.properties"/,
  record_before_schema: /line 1, stream "test_record_before_schema": RECORD before the stream's SCHEMA/,
  record_missing_key_property:
    /line 2, stream "test_record_missing_key_property", property "id": is a key property and missing/,
  record_missing_required_property:
    /line 2, stream "test_record_missing_required_property", property "id": is required and missing/,
}

/** Streams that continue another's tables. */
const AFTER: Readonly<Record<string, string>> = {
  no_primary_keys_append: 'no_primary_keys',
  user_location_upsert_data: 'user_location_data',
}

const resultSchema = z.object({
  rows: z.array(z.array(z.string().nullable())),
})

const folder = resolve(process.argv[2] ?? '.')
const only = process.argv.slice(3)
const names = (await readdir(folder))
  .flatMap(file => (file.endsWith('.singer') ? [file.slice(0, -7)] : []))
  .filter(name => only.length === 0 || only.includes(name))
  .sort()
const standIn = await startStandIn()
const table = new Table({
  head: ['stream', 'outcome'],
  style: { head: [], border: [] },
  wordWrap: true,
  colWidths: [36, 90],
})
let failed = 0
try {
  for (const name of names) {
    const outcome = await outcomeOf(standIn, name).catch((thrown: unknown) => {
      failed++
      return `FAILED: ${thrown instanceof Error ? thrown.message : String(thrown)}`
    })
    table.push([name, outcome])
  }
} finally {
  await standIn.stop()
}
process.stdout.write(`${table.toString()}\n${names.length - failed} of ${names.length} as expected\n`)
process.exitCode = failed === 0 && names.length > 0 ? 0 : 1

async function outcomeOf(on: TestStandIn, name: string): Promise<string> {
  const workspace = await createWorkspace(on, await createCustomer(on))
  try {
    const before = AFTER[name]
    const files = [...(before === undefined ? [] : [before]), name].map(file =>
      join(folder, `${file}.singer`),
    )
    const refusal = REFUSED[name]
    if (refusal) return await checkRefused(workspace, join(folder, `${name}.singer`), refusal)
    for (const file of files) await load(workspace, file)
    const told: string[] = []
    for (const expected of expectedTables(messagesOf(files))) told.push(await checkRows(workspace, expected))
    return `loaded: ${told.join(', ')}`
  } finally {
    await workspace.remove()
  }
}

async function load(workspace: Workspace, file: string): Promise<void> {
  const statePath = join(workspace.folder, 'state.json')
  const run = await workspace.cli('run', 'acme', '--singer', file, '--state', statePath)
  if (run.exitCode !== 0) throw new Error(`ended ${run.exitCode}: ${run.stderr}${run.stdout}`)
  const expected = lastState(messagesOf([file]))
  const told: unknown = existsSync(statePath) ? JSON.parse(await readFile(statePath, 'utf8')) : undefined
  if (JSON.stringify(told) !== JSON.stringify(expected))
    throw new Error(`told STATE ${JSON.stringify(told)}, expected ${JSON.stringify(expected)}`)
}

async function checkRefused(workspace: Workspace, file: string, reason: RegExp): Promise<string> {
  const run = await workspace.cli('--json', 'run', 'acme', '--singer', file)
  if (run.exitCode === 0) throw new Error('was not refused')
  const { error } = z
    .object({ error: z.object({ code: z.string(), message: z.string() }) })
    .parse(JSON.parse(run.stderr))
  if (error.code !== 'SINGER_INVALID' || !reason.test(error.message))
    throw new Error(`${error.code}: ${error.message}`)
  return `refused: ${error.message.slice(file.length + 1)}`
}

async function checkRows(workspace: Workspace, expected: ExpectedTable): Promise<string> {
  const columns = expected.columns.map(({ column }) => `"${column}"`).join(', ')
  const query = await workspace.cli(
    'query',
    'acme',
    `SELECT ${columns} FROM "acme_export"."${expected.table}"`,
  )
  if (query.exitCode !== 0) throw new Error(query.stderr)
  const found = foundRows(expected, resultSchema.parse(JSON.parse(query.stdout)).rows)
  const wanted = expectedRows(expected)
  if (found.join('\n') !== wanted.join('\n'))
    throw new Error(`${expected.table}: found ${found.join('; ')}, expected ${wanted.join('; ')}`)
  return `${expected.table} ${found.length} rows`
}
