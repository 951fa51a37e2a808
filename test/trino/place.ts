/** The names that every stand-in of this lane has. */
export const PLACE = {
  accountId: '123456789012',
  region: 'eu-west-1',
  bucket: 'acme-differential',
  schema: 'acme',
} as const
