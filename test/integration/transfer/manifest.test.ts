import { createHash, createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { S3 } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { createCustomer } from '../../support/customer.ts'
import { startStandIn, type TestStandIn } from '../../support/stand-in.ts'
import { createWorkspace } from '../../support/workspace.ts'

let standIn: TestStandIn
beforeAll(async () => {
  standIn = await startStandIn()
})
afterAll(() => standIn.stop())

const PEM = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()

/** Runs a transfer of two rows, the second of which does not fit; the objects of `_manifests/` by their keys. */
async function manifestsOf(env: Readonly<Record<string, string>>, ...window: string[]) {
  const customer = await createCustomer(standIn)
  const workspace = await createWorkspace(standIn, customer, { env })
  await workspace.writeModel('Invoices', {
    files: { path: 'invoices.csv' },
    primaryKey: ['Id'],
    cursor: 'Day',
    rejectedRows: { maxCount: 1 },
    columns: [
      { name: 'Id', type: 'bigint' },
      { name: 'Day', type: 'date' },
    ],
  })
  await workspace.writeData('invoices.csv', 'Id,Day\n1,2026-01-02\nx,2026-01-03\n')
  const run = await workspace.cli('run', 'acme', ...window)
  if (run.exitCode !== 0) throw new Error(run.stderr)
  const credentials = await customer.createUser('looker')
  const s3 = new S3({ region: customer.region, endpoint: standIn.url, credentials, forcePathStyle: true })
  const Bucket = customer.bucket
  const objects = new Map<string, Uint8Array>()
  for (const { Key = '' } of (await s3.listObjectsV2({ Bucket, Prefix: 'acme_export/_manifests/' }))
    .Contents ?? [])
    objects.set(
      Key,
      (await (await s3.getObject({ Bucket, Key })).Body?.transformToByteArray()) ?? Buffer.of(),
    )
  return {
    workspace,
    objects,
    transferId: z.object({ transferId: z.string() }).parse(JSON.parse(run.stdout)).transferId,
  }
}

const SIGNED = { ATHENA_TRANSFER_MANIFEST_SIGNING_KEY: 'env:SIGNING_KEY', SIGNING_KEY: PEM }

it("a manifest's signature verifies with the printed public key, and with no changed byte", async () => {
  const { workspace, objects, transferId } = await manifestsOf(SIGNED)
  const printed = await workspace.cli('manifest-key')
  const { keyId, publicKey } = z
    .object({ keyId: z.string(), publicKey: z.string() })
    .parse(JSON.parse(printed.stdout))
  const [manifestKey = '', signatureKey = ''] = [...objects.keys()]
  const manifest = objects.get(manifestKey) ?? Buffer.of()
  const signature = objects.get(signatureKey) ?? Buffer.of()
  const isSigned = (bytes: Uint8Array) => verify(null, bytes, createPublicKey(publicKey), signature)
  const changed = manifest.map((byte, at) => (at === manifest.length - 10 ? byte ^ 1 : byte))

  expect(manifestKey).toMatch(
    new RegExp(`^acme_export/_manifests/invoices/dt=\\d{4}-\\d\\d-\\d\\d/manifest_${transferId}\\.json$`),
  )
  expect(signatureKey).toBe(`${manifestKey}.sig`)
  expect(isSigned(manifest)).toBe(true)
  expect(isSigned(changed)).toBe(false)
  expect(isSigned(Buffer.concat([manifest, Buffer.from('\n')]))).toBe(false)
  const der = createPublicKey(publicKey).export({ format: 'der', type: 'spki' })
  expect(keyId).toBe(createHash('sha256').update(der).digest('hex'))
  expect(JSON.parse(Buffer.from(manifest).toString()).signedBy).toBe(keyId)
  expect(Buffer.from(manifest).toString()).not.toContain('PRIVATE')
  await workspace.remove()
})

it('a manifest tells each staged file, the type of the transfer and the watermark before and after; without a key it is unsigned', async () => {
  const { workspace, objects, transferId } = await manifestsOf({})
  const [[key = '', bytes = Buffer.of()] = []] = [...objects]
  const manifest: object = JSON.parse(Buffer.from(bytes).toString())

  expect([...objects.keys()]).toEqual([key])
  expect(manifest).toMatchObject({
    transferId,
    transferType: 'incremental',
    window: null,
    model: 'Invoices',
    table: 'invoices',
    rowCount: 1,
    rejectedRowCount: 1,
    watermark: { before: null, after: '2026-01-02' },
    files: [
      {
        key: expect.stringContaining(`acme_export/staging/${transferId}/invoices/`),
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        etag: expect.stringMatching(/^[0-9a-f]{32}$/),
        rowCount: 1,
        bytes: expect.any(Number),
      },
    ],
    signedBy: null,
  })
  expect(Object.keys(manifest)).toEqual(Object.keys(manifest).sort())
  expect(Buffer.from(bytes).toString()).toBe(JSON.stringify(manifest))
  await workspace.remove()
})

it('the manifest of a backfill tells its window, as the cursor spells it, and what the watermark was and stays', async () => {
  const window = ['--from', '2026-01-01T00:00:00+01:00', '--to', '2026-01-03T00:00:00Z']
  const { workspace, objects } = await manifestsOf({}, ...window)
  const [bytes = Buffer.of()] = [...objects.values()]

  expect(JSON.parse(Buffer.from(bytes).toString())).toMatchObject({
    transferType: 'backfill',
    window: { from: '2026-01-01', to: '2026-01-03' },
    rowCount: 1,
    watermark: { before: null, after: null },
  })
  await workspace.remove()
})

it.each([
  ['nothing', { SIGNING_KEY: '' }, 'secret env:SIGNING_KEY is not set'],
  ['no key', { SIGNING_KEY: 'aGVsbG8=' }, 'secret env:SIGNING_KEY is no Ed25519 private key in PEM'],
  [
    'a key of another kind',
    {
      SIGNING_KEY: generateKeyPairSync('ec', { namedCurve: 'P-256' })
        .privateKey.export({ format: 'pem', type: 'pkcs8' })
        .toString(),
    },
    'secret env:SIGNING_KEY is no Ed25519 private key in PEM',
  ],
])('with %s to sign with nothing is transferred, and the secret is not repeated', async (_, env, message) => {
  const error = await manifestsOf({ ...SIGNED, ...env }).then(() => '', String)

  expect(error).toContain(message)
  if (env.SIGNING_KEY !== '') expect(error).not.toContain(env.SIGNING_KEY)
})
