import { CHANGED_AT, DELETED_AT, DELETED_FLAG } from './models.ts'
import type { SourceRow } from './rows.ts'

/** What happens to the rows of a model's source before a transfer. */
type Change = (rows: readonly SourceRow[]) => readonly SourceRow[]

/** The day on which the rows of a transfer were changed. */
function day(number: number): string {
  return `2026-01-${String(number).padStart(2, '0')}T12:00:00`
}

function marks(at: string, isDeleted: boolean): SourceRow {
  return { [CHANGED_AT]: at, [DELETED_FLAG]: isDeleted, [DELETED_AT]: isDeleted ? at : null }
}

/** Rows whose number, the value of their first column, is one of these get other values. */
function edit(
  rows: readonly SourceRow[],
  numbers: readonly number[],
  values: SourceRow,
): readonly SourceRow[] {
  return rows.map(row => (numbers.includes(Number(Object.values(row)[0])) ? { ...row, ...values } : row))
}

function copyOf(rows: readonly SourceRow[], place: number, values: SourceRow): SourceRow {
  return { ...rows[place], ...values }
}

const same: Change = rows => rows

const CUSTOMERS: readonly Change[] = [
  rows => rows.map(row => ({ ...row, ...marks(day(1), false) })),
  // Updates, inserts, two deleted, and one deleted that the table never had.
  rows => [
    ...edit(edit(rows, [3, 58], { Company: 'né', ...marks(day(2), false) }), [7, 59], marks(day(2), true)),
    copyOf(rows, 0, { CustomerId: 60, Fax: null, ...marks(day(2), false) }),
    copyOf(rows, 0, { CustomerId: 61, Email: '', ...marks(day(2), false) }),
    copyOf(rows, 0, { CustomerId: 62, ...marks(day(2), true) }),
  ],
  // A deleted one returns, an inserted one is deleted, and an update comes that is older than the row it is for.
  rows => [
    ...edit(edit(rows, [59], marks(day(3), false)), [60], marks(day(3), true)),
    copyOf(rows, 2, { Company: 'too late', ...marks(day(1), false) }),
  ],
  same,
]

const INVOICES: readonly Change[] = [
  same,
  // 20 of 412 are changed, 5 removed, 2 new, and the rest stands in another order.
  rows => [
    copyOf(rows, 0, { InvoiceId: 9001, Total: 0 }),
    ...rows
      .slice(5)
      .toReversed()
      .map((row, index) => (index % 20 === 3 ? { ...row, BillingCity: `${row.BillingCity}!` } : row)),
    copyOf(rows, 1, { InvoiceId: 9002, Total: 99999999.99 }),
  ],
  // One is changed to NULL, and one that was removed is back.
  rows => [...edit(rows, [9001], { BillingCity: null }), copyOf(rows, 0, { InvoiceId: 1 })],
  same,
]

const INVOICE_LINES: readonly Change[] = [
  same,
  rows => edit(rows, [1, 2240], { Quantity: 2 }),
  rows => [...rows.slice(100), copyOf(rows, 0, { InvoiceLineId: 2241 })],
  same,
]

const PLAYLIST_TRACKS: readonly Change[] = [
  same,
  // The source forgets its first 1,000 rows, which stay, and has 3 new ones, one of them twice.
  rows => [
    ...rows.slice(1000),
    { PlaylistId: 99, TrackId: 1 },
    { PlaylistId: 99, TrackId: 2 },
    { PlaylistId: 99, TrackId: 2 },
  ],
  // A row that is there comes once more.
  rows => [...rows, { PlaylistId: 99, TrackId: 1 }],
  same,
]

/** What happens before each transfer, model by model; before the last nothing does. */
export const CHANGES: Readonly<Record<string, readonly Change[]>> = {
  customers: CUSTOMERS,
  customers_by_time: CUSTOMERS,
  invoices: INVOICES,
  invoice_lines: INVOICE_LINES,
  playlist_tracks: PLAYLIST_TRACKS,
}
