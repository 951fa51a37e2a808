/** A model for other clients: one column of each type that they spell in their own way. Its rows come from `rows.ndjson`. */
export const TYPED_MODEL = {
  files: { path: 'rows.ndjson' },
  primaryKey: ['id'],
  cursor: 'at',
  columns: [
    { name: 'id', type: 'bigint' },
    { name: 'name', type: 'string' },
    { name: 'total', type: 'decimal(38,9)' },
    { name: 'ratio', type: 'double' },
    { name: 'ok', type: 'boolean' },
    { name: 'day', type: 'date' },
    { name: 'at', type: 'timestamp' },
  ],
}
