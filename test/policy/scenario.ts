import { z } from 'zod'
import { type Customer, createCustomer, type PermissionPolicy } from '../support/customer.ts'
import type { TestStandIn } from '../support/stand-in.ts'
import { type CommandOutcome, createWorkspace, type Workspace } from '../support/workspace.ts'

/** A customer with one model and its first rows; `region` decides the partition. */
export interface Scene {
  readonly customer: Customer
  readonly workspace: Workspace
}

const MODEL = {
  files: { path: 'invoices.ndjson' },
  primaryKey: ['Id'],
  cursor: 'UpdatedAt',
  columns: [
    { name: 'Id', type: 'bigint' },
    { name: 'Customer', type: 'string' },
    { name: 'UpdatedAt', type: 'timestamp' },
  ],
}

/** Sets a customer up; `editPolicy` changes what the customer attached. */
export async function setScene(
  standIn: TestStandIn,
  options: {
    readonly region?: string
    readonly editPolicy?: (policy: PermissionPolicy) => PermissionPolicy
  } = {},
): Promise<Scene> {
  const customer = await createCustomer(standIn, options)
  const workspace = await createWorkspace(standIn, customer)
  await workspace.writeModel('invoices', MODEL)
  await workspace.writeData(
    'invoices.ndjson',
    '{"Id": 1, "Customer": "a", "UpdatedAt": "2026-01-01T00:00:00Z"}\n',
  )
  return { customer, workspace }
}

const errorSchema = z.object({
  code: z.string(),
  message: z.string(),
  owner: z.string(),
  hint: z.string(),
})

/** What stopped a command, as it is printed for programs. */
export type PrintedError = z.infer<typeof errorSchema>

const printedSchema = z.union([
  z.object({ models: z.array(z.object({ error: errorSchema.optional() })) }),
  z.object({ error: errorSchema }),
])

/** The first error that a command printed; undefined for one that ended well. */
export function errorOf({ exitCode, stdout, stderr }: CommandOutcome): PrintedError | undefined {
  if (exitCode === 0) return undefined
  const lines = [stdout, stderr, ...stderr.split('\n')]
  for (const text of lines) {
    const printed = printedSchema.safeParse(readJson(text))
    if (!printed.success) continue
    const error =
      'error' in printed.data ? printed.data.error : printed.data.models.find(one => one.error)?.error
    if (error) return error
  }
  throw new Error(`exit code ${exitCode} without an error: ${stdout} ${stderr}`)
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // Not a line of JSON: the next one may be.
  }
}

const rowsSchema = z.object({ rows: z.array(z.array(z.string().nullable())) })

/** Ended scenario: the first error, or the rows that the customer reads in the end. */
export type Ending =
  | { readonly error: PrintedError }
  | { readonly rows: readonly (readonly (string | null)[])[] }

/**
 * The whole product, step by step: a first load that makes database and tables, an incremental one with an update and a
 * column more, `_transfer_status` and a query. Ends at the first step that fails.
 */
export async function playScene({ workspace }: Scene): Promise<Ending> {
  const first = errorOf(await workspace.cli('run', 'acme'))
  if (first) return { error: first }
  await workspace.writeModel('invoices', {
    ...MODEL,
    columns: [...MODEL.columns, { name: 'Note', type: 'string' }],
  })
  await workspace.writeData(
    'invoices.ndjson',
    [
      '{"Id": 1, "Customer": "b", "Note": "n", "UpdatedAt": "2026-01-02T00:00:00Z"}',
      '{"Id": 2, "Customer": "c", "UpdatedAt": "2026-01-02T00:00:00Z"}',
    ].join('\n'),
  )
  const second = errorOf(await workspace.cli('run', 'acme'))
  if (second) return { error: second }
  const outcome = await workspace.cli('query', 'acme', QUERY)
  const third = errorOf(outcome)
  return third ? { error: third } : { rows: rowsSchema.parse(JSON.parse(outcome.stdout)).rows }
}

const QUERY = `SELECT i.id, i.customer, i.note, s.data_model_name
FROM "acme_export"."invoices" i CROSS JOIN "acme_export"."_transfer_status" s ORDER BY i.id`

/** What `playScene` ends with when nothing is amiss. */
export const GOOD_ENDING: Ending = {
  rows: [
    ['1', 'b', 'n', 'invoices'],
    ['2', 'c', null, 'invoices'],
  ],
}
