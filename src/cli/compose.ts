import { join } from 'node:path'
import { createAwsClients } from '../aws/clients.ts'
import { createSourceS3 } from '../aws/source-s3.ts'
import { createSts } from '../aws/sts.ts'
import { type Config, sourceNamed } from '../config/load-config.ts'
import { readSecret } from '../config/read-secret.ts'
import { readSigningKey } from '../config/read-signing-key.ts'
import type { Settings } from '../config/settings.ts'
import { createIdentityTokens } from '../credentials/identity-token.ts'
import { createOpenSession } from '../credentials/open-session.ts'
import { SYSTEM_CLOCK } from '../domain/clock.ts'
import type { Destination } from '../domain/destination.ts'
import type { Source } from '../domain/source.ts'
import type { SweepClients } from '../maintenance/sweep-context.ts'
import { ensureReachable, guardedLookup, type NetworkAccess } from '../sources/guarded-lookup.ts'
import { readFiles } from '../sources/read-files.ts'
import type { SourceS3 } from '../sources/s3-files.ts'
import { createEncoderPool, type EncoderPool } from '../staging/encoder-pool.ts'
import { stageModel } from '../staging/stage-model.ts'
import type { DestinationClients, TransferDeps } from '../transfer/ports.ts'

/** What commands that touch customers' accounts share: clients by role, sources, work folder. */
export interface Composition extends Omit<TransferDeps, 'states' | 'journal' | 'connect'> {
  /** Assumes the customer's role. @throws {TransferError} `ROLE_NOT_ASSUMABLE` and others of `credentials/`. */
  readonly connect: (destination: Destination) => Promise<DestinationClients & SweepClients>
  /** To be closed at the end. */
  readonly encoders: EncoderPool
}

/** Puts the straight line together from settings and configuration. Nothing is contacted yet. */
export function compose(settings: Settings, config: Config): Composition {
  const openSession = createOpenSession({
    sts: createSts,
    identityTokens: createIdentityTokens(settings.identity),
    readSecret: reference => readSecret(reference),
  })
  const encoders = createEncoderPool()
  const network = { allowedHosts: settings.allowedHosts ?? new Set<string>() }
  const reading = { folder: config.folder, s3: (source: Source) => sourceS3(source, network), network }
  return {
    connect: async destination => connect(openSession, destination),
    readSource: (model, signal) => {
      const source = sourceNamed(config, model.source)
      return readFiles(reading, source, model.files, signal)
    },
    encoders,
    signingKey: async () =>
      settings.manifestSigningKey === undefined ? undefined : readSigningKey(settings.manifestSigningKey),
    stageModel: options => stageModel({ ...options, encoders }),
    clock: SYSTEM_CLOCK,
    workDir: join(settings.workDir, 'athena-transfer'),
    queryTimeoutMs: settings.queryTimeoutMs,
  }
}

async function connect(
  openSession: ReturnType<typeof createOpenSession>,
  destination: Destination,
): Promise<DestinationClients & SweepClients> {
  const { credentials, accountId } = await openSession(destination)
  const { name, region, workgroup, bucket, schema } = destination
  return {
    ...createAwsClients({ place: { name, region, workgroup, bucket, schema, accountId }, credentials }),
    accountId,
  }
}

async function sourceS3({ s3 }: Source, network: NetworkAccess): Promise<SourceS3> {
  const { accessKeyId, secretAccessKey, endpoint } = s3 ?? {}
  if (endpoint !== undefined) ensureReachable(new URL(endpoint).hostname, network)
  const hasKeys = accessKeyId !== undefined && secretAccessKey !== undefined
  return createSourceS3({
    region: s3?.region ?? 'us-east-1',
    endpoint: endpoint === undefined ? undefined : { url: endpoint, lookup: guardedLookup(network) },
    credentials: hasKeys
      ? async () => ({
          accessKeyId: await readSecret(accessKeyId),
          secretAccessKey: await readSecret(secretAccessKey),
        })
      : undefined,
  })
}
