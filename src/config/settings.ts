import { tmpdir } from 'node:os'
import { z } from 'zod'
import { TransferError } from '../domain/errors.ts'
import { secretReferenceSchema } from '../domain/secret-reference.ts'

const integer = (minimum: number, maximum: number) => z.coerce.number().int().min(minimum).max(maximum)

/** Identity token source as one text: `metadata`, `file:/path` or `key-file:/path`. */
const identitySchema = z
  .string()
  .regex(/^(metadata|(file|key-file):.+)$/, 'expected metadata, file:/path or key-file:/path')
  .transform(text => {
    if (text === 'metadata') return { type: 'metadata' as const }
    const type = text.startsWith('file:') ? ('file' as const) : ('key-file' as const)
    return { type, path: text.slice(text.indexOf(':') + 1) }
  })

/** Every setting of the worker and the CLI. `meta` holds the environment variable and what it means; the README prints it. */
export const settingsSchema = z.object({
  config: z.string().min(1).default('config').meta({
    variable: 'ATHENA_TRANSFER_CONFIG',
    description: 'Folder with destinations/, sources/ and models/.',
  }),
  redisUrl: z.string().min(1).default('redis://127.0.0.1:6379').meta({
    variable: 'REDIS_URL',
    description: 'Redis of the queue: redis://, rediss:// or a socket path.',
  }),
  queuePrefix: z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/)
    .default('athena-transfer')
    .meta({
      variable: 'ATHENA_TRANSFER_QUEUE_PREFIX',
      description: "First part of all of this product's keys in Redis.",
    }),
  identity: identitySchema.default({ type: 'metadata' }).meta({
    variable: 'ATHENA_TRANSFER_IDENTITY',
    description: 'Where Google ID tokens come from: metadata, file:/path or key-file:/path.',
  }),
  identitySubject: z.string().min(1).optional().meta({
    variable: 'ATHENA_TRANSFER_IDENTITY_SUBJECT',
    description:
      'Unique id of the Google service account, printed in trust policies as accounts.google.com:sub.',
  }),
  concurrency: integer(1, 64).default(2).meta({
    variable: 'ATHENA_TRANSFER_CONCURRENCY',
    description:
      'Models that one worker loads at a time; each may use one core and about 700 MB while it stages.',
  }),
  transfersPerDestination: integer(1, 100).default(1).meta({
    variable: 'ATHENA_TRANSFER_TRANSFERS_PER_DESTINATION',
    description: 'Transfers of one destination that run at a time; further ones wait in their order.',
  }),
  modelsPerDestination: integer(1, 1000).default(8).meta({
    variable: 'ATHENA_TRANSFER_MODELS_PER_DESTINATION',
    description: 'Models of one destination that all workers together load at a time.',
  }),
  modelsPerWorkgroup: integer(1, 1000).default(20).meta({
    variable: 'ATHENA_TRANSFER_MODELS_PER_WORKGROUP',
    description:
      'The same for one workgroup of an account and region, which destinations may share; Athena runs about 20 queries of an account at a time in small regions.',
  }),
  waitLimitMs: integer(1_000, 2_592_000_000).default(86_400_000).meta({
    variable: 'ATHENA_TRANSFER_WAIT_LIMIT_MS',
    description:
      'How long a transfer may wait behind others or for a paused destination, in milliseconds; then it is EXPIRED.',
  }),
  keptTransfers: integer(100, 10_000_000).default(10_000).meta({
    variable: 'ATHENA_TRANSFER_KEPT_TRANSFERS',
    description:
      'The newest ended transfers, and as many of their models, that Redis keeps for 14 days: those of which `status` tells, and that `retry` takes. A few KB each.',
  }),
  pauseAfter: integer(1, 1000).default(3).meta({
    variable: 'ATHENA_TRANSFER_PAUSE_AFTER',
    description:
      "Transfers in a row that load nothing for a reason that is the customer's to mend, after which the destination is paused.",
  }),
  pauseMs: integer(1_000, 86_400_000).default(300_000).meta({
    variable: 'ATHENA_TRANSFER_PAUSE_MS',
    description:
      'The first pause, in milliseconds; then one transfer tries, and the pause is doubled if it fails too, to at most an hour.',
  }),
  allowedHosts: z
    .string()
    .transform(
      text =>
        new Set(
          text
            .toLowerCase()
            .split(',')
            .flatMap(host => host.trim() || []),
        ),
    )
    .optional()
    .meta({
      variable: 'ATHENA_TRANSFER_ALLOWED_HOSTS',
      description:
        'Hosts, divided by commas, that sources may be read from although they are not on the public internet, as they are spelled in the address: `files.internal`, `10.0.0.7`, `[fd00::7]`, `localhost`.',
    }),
  workDir: z.string().min(1).default(tmpdir()).meta({
    variable: 'ATHENA_TRANSFER_WORK_DIR',
    description: 'Folder for the slices being staged; needs about 1 GB per concurrent model.',
  }),
  queryTimeoutMs: integer(1_000, 86_400_000).default(1_800_000).meta({
    variable: 'ATHENA_TRANSFER_QUERY_TIMEOUT_MS',
    description: 'How long one Athena statement may take, in milliseconds.',
  }),
  transferLimitMs: integer(60_000, 30 * 86_400_000)
    .default(86_400_000)
    .meta({
      variable: 'ATHENA_TRANSFER_LIMIT_MS',
      description: 'How long a transfer may run before it is EXPIRED, in milliseconds.',
    }),
  sweepAgeMs: integer(1_000, 90 * 86_400_000)
    .default(86_400_000)
    .meta({
      variable: 'ATHENA_TRANSFER_SWEEP_AGE_MS',
      description:
        'Age from which a sweep takes what no open load names, in milliseconds: a day is longer than Athena lets any statement run. Not below the time of a statement.',
    }),
  sweepIntervalMs: integer(0, 30 * 86_400_000)
    .default(21_600_000)
    .meta({
      variable: 'ATHENA_TRANSFER_SWEEP_INTERVAL_MS',
      description:
        'How often the workers together sweep each destination, in milliseconds, first some minutes after a start; 0: never.',
    }),
  manifestSigningKey: secretReferenceSchema.optional().meta({
    variable: 'ATHENA_TRANSFER_MANIFEST_SIGNING_KEY',
    description:
      'Reference to an Ed25519 private key in PEM, env:NAME or file:/path; without it manifests are not signed.',
  }),
  httpHost: z.string().min(1).default('127.0.0.1').meta({
    variable: 'ATHENA_TRANSFER_HTTP_HOST',
    description: 'Address that health, metrics and dashboard listen on.',
  }),
  httpPort: integer(0, 65_535).default(8080).meta({
    variable: 'ATHENA_TRANSFER_HTTP_PORT',
    description: 'Port of health, metrics and dashboard; 0 takes a free one.',
  }),
  dashboardUser: z
    .string()
    .min(1)
    .default('operator')
    .meta({ variable: 'ATHENA_TRANSFER_DASHBOARD_USER', description: 'User of the dashboard.' }),
  dashboardPassword: secretReferenceSchema.optional().meta({
    variable: 'ATHENA_TRANSFER_DASHBOARD_PASSWORD',
    description:
      'Reference to the password of the dashboard, env:NAME or file:/path; without it the dashboard is off.',
  }),
  shutdownGraceMs: integer(0, 3_600_000).default(25_000).meta({
    variable: 'ATHENA_TRANSFER_SHUTDOWN_GRACE_MS',
    description:
      'How long running models may take to end after SIGTERM before they are handed back to the queue.',
  }),
  logLevel: z
    .enum(['debug', 'info', 'warn', 'error'])
    .default('info')
    .meta({ variable: 'ATHENA_TRANSFER_LOG_LEVEL', description: 'debug, info, warn or error.' }),
})

/** All settings, validated. Read once, at the composition root. */
export type Settings = z.output<typeof settingsSchema>

/** The environment variable of a setting. */
export function variableOf(setting: z.ZodType): string {
  return String(setting.meta()?.variable)
}

/**
 * Reads the settings from the environment; an empty variable counts as absent.
 *
 * @throws {TransferError} `CONFIG_INVALID` that names each variable and what is expected, never a value.
 */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const variables = Object.entries(settingsSchema.shape).map(
    ([name, setting]) => [name, variableOf(setting)] as const,
  )
  const given = variables.map(([name, variable]) => [name, env[variable]]).filter(([, value]) => value)
  const outcome = settingsSchema.safeParse(Object.fromEntries(given))
  if (outcome.success) return outcome.data
  const variableByName = new Map<PropertyKey | undefined, string>(variables)
  const problems = outcome.error.issues.map(issue => `${variableByName.get(issue.path[0])}: ${issue.message}`)
  throw new TransferError('CONFIG_INVALID', `environment: ${problems.join('; ')}`, { details: { problems } })
}
