/** How the lane tells that a customer is deleted; Chinook itself marks nothing and has no times of change. */
export const [DELETED_FLAG, DELETED_AT, CHANGED_AT] = ['IsDeleted', 'DeletedAt', 'ChangedAt'] as const

const CUSTOMER_COLUMNS = [
  { name: 'CustomerId', type: 'integer' },
  { name: 'FirstName', type: 'string' },
  { name: 'LastName', type: 'string' },
  { name: 'Company', type: 'string' },
  { name: 'City', type: 'string' },
  { name: 'Country', type: 'string' },
  { name: 'PostalCode', type: 'string' },
  { name: 'Fax', type: 'string' },
  { name: 'Email', type: 'string' },
  { name: CHANGED_AT, type: 'timestamp' },
] as const

/** A model of the lane: a table of Chinook in a write mode. */
export interface ChinookModel {
  /** The file that Chinook has the rows in. */
  readonly table: string
  readonly writeMode: 'merge' | 'append' | 'overwrite'
  readonly primaryKey: readonly string[]
  readonly cursor?: string
  readonly deletes?: string
  readonly columns: readonly { readonly name: string; readonly type: string }[]
}

/** Each write mode, and merge with both ways to say that a row is deleted. */
export const MODELS: Readonly<Record<string, ChinookModel>> = {
  customers: {
    table: 'Customer',
    writeMode: 'merge',
    primaryKey: ['CustomerId'],
    cursor: CHANGED_AT,
    deletes: DELETED_FLAG,
    columns: [...CUSTOMER_COLUMNS, { name: DELETED_FLAG, type: 'boolean' }],
  },
  customers_by_time: {
    table: 'Customer',
    writeMode: 'merge',
    primaryKey: ['CustomerId'],
    cursor: CHANGED_AT,
    deletes: DELETED_AT,
    columns: [...CUSTOMER_COLUMNS, { name: DELETED_AT, type: 'timestamp' }],
  },
  invoices: {
    table: 'Invoice',
    writeMode: 'overwrite',
    primaryKey: ['InvoiceId'],
    columns: [
      { name: 'InvoiceId', type: 'integer' },
      { name: 'CustomerId', type: 'integer' },
      { name: 'InvoiceDate', type: 'timestamp' },
      { name: 'BillingCity', type: 'string' },
      { name: 'BillingState', type: 'string' },
      { name: 'Total', type: 'decimal(10,2)' },
    ],
  },
  invoice_lines: {
    table: 'InvoiceLine',
    writeMode: 'merge',
    primaryKey: ['InvoiceLineId'],
    columns: [
      { name: 'InvoiceLineId', type: 'integer' },
      { name: 'InvoiceId', type: 'integer' },
      { name: 'TrackId', type: 'integer' },
      { name: 'UnitPrice', type: 'decimal(10,2)' },
      { name: 'Quantity', type: 'integer' },
    ],
  },
  playlist_tracks: {
    table: 'PlaylistTrack',
    writeMode: 'append',
    primaryKey: ['PlaylistId', 'TrackId'],
    columns: [
      { name: 'PlaylistId', type: 'integer' },
      { name: 'TrackId', type: 'integer' },
    ],
  },
}

/** The model file; rows are read from a file of the model's name. */
export function definitionOf(name: string, { table: _, deletes, ...model }: ChinookModel): object {
  return {
    files: { path: `${name}.ndjson` },
    ...model,
    ...(deletes === undefined ? {} : { deletes: { column: deletes } }),
  }
}
