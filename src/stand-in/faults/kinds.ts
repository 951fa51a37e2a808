/** Kinds that every action of STS, S3, Glue and Athena has, and what they do. */
const COMMON_KINDS = {
  slow: 'waits `delayMs` (2000), then goes on',
  reset: 'the connection is reset before any effect',
  expire: "the caller's session ends now, and this call is the first to be told so",
  revoke:
    "the role's trust is removed and its present sessions are refused, as by IAM's revocation of sessions",
  throttle: 'SlowDown (503) of S3, Throttling of STS, ThrottlingException of Glue and Athena',
  '500': 'an internal error before any effect',
  '503': 'the service is unavailable, before any effect',
  late: 'the effect is done, the answer comes after `delayMs`',
  '500-after-commit': 'the effect is done, the answer is an internal error',
  'reset-after-commit': 'the effect is done, the connection is reset instead of an answer',
  truncate: 'the answer breaks off after half of its body',
} as const

/** Kinds of one service, or of one of its actions. */
const OWN_KINDS = {
  's3.*.corrupt': 'one byte of the answered object is another',
  's3.*.corrupt-upload': 'one byte of the uploaded body is another when it arrives',
  's3.*.truncate-upload': 'the last half of the uploaded body does not arrive',
  'sts.*.twice': 'the request arrives twice; the second answer is given',
  'glue.*.twice': 'the same',
  'athena.*.twice': 'the same',
  'glue.*.conflict': 'ConcurrentModificationException',
  'glue.*.resource-limit': 'ResourceNumberLimitExceededException',
  'athena.StartQueryExecution.quota': 'TooManyRequestsException: as many queries are active as may be',
  'athena.query.queue': '`delayMs` longer in QUEUED',
  'athena.query.slow': '`delayMs` longer in RUNNING',
  'athena.query.requeue': 'RUNNING, then QUEUED again for `delayMs`, then RUNNING',
  'athena.query.fail': 'FAILED with `errorType` (100) before any effect',
  'athena.query.fail-after-commit': 'FAILED with `errorType` (100) although the effect is done',
  'athena.query.throttle-requeue':
    'FAILED for want of S3 requests; after `delayMs` Athena takes it up again by itself',
  'athena.query.cancel': 'CANCELLED by somebody while it runs, before any effect',
  'athena.query.iceberg-commit-error':
    'FAILED with ICEBERG_COMMIT_ERROR (233); nothing is changed and nothing left behind',
} as const

/** The services that have faults. */
const SERVICES: ReadonlySet<string> = new Set(['sts', 's3', 'glue', 'athena'])

/** Every kind and what it does, as `<service>.<Action>.<kind>`; `*` stands for any. For the README. */
export const FAULT_KINDS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(COMMON_KINDS).map(([kind, effect]) => [`*.*.${kind}`, effect])),
  ...OWN_KINDS,
}

/** True for a name that can strike: `*` as service or action means any. */
export function isFaultName(name: string): boolean {
  const [service = '', action = '', kind = '', ...more] = name.split('.')
  if (more.length > 0 || !/^(\w+|\*)$/.test(action)) return false
  if (service === '*' || SERVICES.has(service)) {
    if (kind in COMMON_KINDS && action !== 'query') return true
  }
  return (
    `${service}.${action}.${kind}` in OWN_KINDS || (action !== 'query' && `${service}.*.${kind}` in OWN_KINDS)
  )
}
