import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { folderOf, importsOfSource } from './imports.ts'

/** Each runtime package: the folders that may import it, and why we have it. */
const PACKAGES: Readonly<Record<string, { readonly owners: readonly string[]; readonly why: string }>> = {
  '@aws-sdk/client-athena': { owners: ['aws'], why: "AWS's own client: signing, retries, paging." },
  '@aws-sdk/client-glue': { owners: ['aws'], why: "AWS's own client." },
  '@aws-sdk/client-s3': { owners: ['aws'], why: "AWS's own client: checksums and multipart." },
  '@aws-sdk/client-sts': { owners: ['aws'], why: "AWS's own client." },
  '@bull-board/api': { owners: ['operations'], why: 'The queue dashboard that BullMQ users know.' },
  '@bull-board/hono': { owners: ['operations'], why: "The dashboard's adapter to our HTTP server." },
  '@duckdb/node-api': {
    owners: ['staging', 'stand-in'],
    why: 'Parquet at 20 times the rows per CPU-second of JavaScript; and, separately, the SQL engine of the stand-in.',
  },
  '@hono/node-server': { owners: ['operations'], why: 'Runs hono on node:http.' },
  ajv: { owners: ['sources'], why: "JSON Schema, as a tap's streams declare their records." },
  avsc: { owners: ['stand-in'], why: 'Avro, for Iceberg manifests.' },
  bullmq: { owners: ['queue'], why: 'The queue: flows, retries, stalled jobs.' },
  'cli-table3': { owners: ['cli'], why: 'Tables on a terminal.' },
  commander: { owners: ['cli'], why: 'Commands, options and help.' },
  'google-auth-library': { owners: ['credentials'], why: "Google's own way to ID tokens." },
  hono: { owners: ['operations'], why: 'A small HTTP router with basic authentication.' },
  ioredis: { owners: ['queue'], why: 'The Redis client that BullMQ uses.' },
  pino: { owners: ['cli'], why: 'JSON logs, with redaction.' },
  'prom-client': { owners: ['operations'], why: "Prometheus's text format, and the process's own metrics." },
  yaml: { owners: ['config'], why: 'YAML 1.2 with line numbers in errors.' },
  zod: {
    owners: [
      'credentials',
      'domain',
      'config',
      'catalog',
      'queue',
      'maintenance',
      'cli',
      'sources',
      'staging',
      'stand-in',
      'operations',
    ],
    why: 'Speaks at every border: what comes from outside is unknown until a schema has read it.',
  },
}

const IMPORTED = importsOfSource().filter(item => item.isPackage)

it('every runtime dependency has its owner and its reason', () => {
  const manifest: { dependencies: Record<string, string> } = JSON.parse(readFileSync('package.json', 'utf8'))
  expect(Object.keys(manifest.dependencies).sort()).toEqual(Object.keys(PACKAGES).sort())
})

it('no folder imports a package that another owns', () => {
  const foreign = IMPORTED.filter(({ from, to }) => !PACKAGES[to]?.owners.includes(folderOf(from)))
  expect(foreign.map(({ from, to }) => `${from} → ${to}`)).toEqual([])
})
