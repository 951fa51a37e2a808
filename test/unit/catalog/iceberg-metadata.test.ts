import { expect, it } from 'vitest'
import { parseTableMetadata } from '../../../src/catalog/iceberg-metadata.ts'

const METADATA = {
  'format-version': 2,
  'current-schema-id': 1,
  schemas: [
    { 'schema-id': 0, fields: [{ id: 1, name: 'old', type: 'long', required: false }] },
    { 'schema-id': 1, fields: [{ id: 1, name: 'id', type: 'long', required: false }] },
  ],
  'default-spec-id': 0,
  'partition-specs': [{ 'spec-id': 0, fields: [] }],
  'default-sort-order-id': 0,
  'sort-orders': [{ 'order-id': 0, fields: [] }],
  properties: {
    'write.parquet.compression-codec': 'zstd',
    'write.delete.mode': 'merge-on-read',
    vacuum_max_snapshot_age_seconds: '77',
  },
  'current-snapshot-id': 2,
  snapshots: [
    { 'snapshot-id': 1, summary: { operation: 'append', 'total-files-size': '1' } },
    { 'snapshot-id': 2, summary: { operation: 'overwrite', 'total-files-size': '5368709120' } },
  ],
}

const parsed = (more: object) => parseTableMetadata(JSON.stringify({ ...METADATA, ...more }))

it("tells the current snapshot's bytes, and none where the writer did not count", () => {
  expect(parsed({})?.bytes).toBe(5 * 1024 ** 3)
  expect(parsed({ 'current-snapshot-id': -1 })?.bytes).toBe(0)
  expect(parsed({ 'current-snapshot-id': null, snapshots: [] })?.bytes).toBe(0)
  expect(parsed({ snapshots: [{ 'snapshot-id': 2, summary: {} }] })?.bytes).toBeUndefined()
})

it('tells tables apart that are partitioned or sorted by another column, in another way or direction', () => {
  const field = { 'source-id': 1, 'field-id': 1000, name: 'p', transform: 'identity' }
  const spec = (more: object) => ({ 'partition-specs': [{ 'spec-id': 0, fields: [{ ...field, ...more }] }] })
  const order = (direction: string) => ({
    'sort-orders': [
      {
        'order-id': 0,
        fields: [{ 'source-id': 1, transform: 'identity', direction, 'null-order': 'nulls-first' }],
      },
    ],
  })
  const layouts = [{}, spec({}), spec({ transform: 'bucket[16]' }), order('asc'), order('desc')].map(
    more => parsed(more)?.layout,
  )

  expect(new Set(layouts).size).toBe(layouts.length)
  expect(parsed(spec({ 'field-id': 1007, name: 'other' }))?.layout).toBe(layouts[1])
})

it("keeps Athena's own table properties, under its names, and no compression that it does not take", () => {
  expect([...(parsed({})?.properties ?? [])]).toEqual([
    ['write_compression', 'zstd'],
    ['vacuum_max_snapshot_age_seconds', '77'],
  ])
  expect(parsed({ properties: { 'write.parquet.compression-codec': 'uncompressed' } })?.properties.size).toBe(
    0,
  )
})

it.each(['', '{}', '\u001f\u008b packed'])('says nothing of a file %j that is no metadata', text => {
  expect(parseTableMetadata(text)).toBeUndefined()
})
