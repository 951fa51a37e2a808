import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { ModelResult } from '../domain/transfer.ts'
import type { QueueConnection } from '../queue/connection.ts'
import type { TransferQueues } from '../queue/queues.ts'
import { ageOfNextJob } from '../queue/read-jobs.ts'
import type { WorkerEvent } from '../queue/transfer-worker.ts'

/** Metrics in Prometheus's text format: what this worker did, and the queues as all workers see them. */
export interface Metrics {
  record(event: WorkerEvent): void
  /** What a scrape answers; asks Redis for the queues. */
  text(): Promise<string>
  readonly contentType: string
}

/**
 * All metrics but the process's own. Counters are of one worker since its start; gauges are read from Redis, and so equal
 * on all workers.
 *
 * No label names a destination or a model: with thousands of customers each would be a time series of its own. Logs and
 * statuses name them.
 */
export const METRICS = {
  transfers: {
    name: 'athena_transfer_transfers_total',
    help: 'Transfers that ended, by status.',
    labelNames: ['status'],
  },
  models: {
    name: 'athena_transfer_models_total',
    help: 'Models that ended for good, by status.',
    labelNames: ['status'],
  },
  failures: {
    name: 'athena_transfer_model_failures_total',
    help: 'Models that failed for good, by the code of the error and whose move it is.',
    labelNames: ['code', 'owner'],
  },
  retries: {
    name: 'athena_transfer_model_retries_total',
    help: 'Attempts that failed and are made again, by the code of the error.',
    labelNames: ['code'],
  },
  unchanged: {
    name: 'athena_transfer_unchanged_models_total',
    help: 'Models of which nothing was new, so that no statement ran.',
    labelNames: [],
  },
  rowsRead: {
    name: 'athena_transfer_rows_read_total',
    help: 'Rows that were read and are valid.',
    labelNames: [],
  },
  rowsRejected: {
    name: 'athena_transfer_rows_rejected_total',
    help: 'Rows that did not fit, those of models that failed for it among them.',
    labelNames: [],
  },
  rowsChanged: {
    name: 'athena_transfer_rows_changed_total',
    help: 'Rows that statements inserted, updated or deleted.',
    labelNames: [],
  },
  stagedBytes: {
    name: 'athena_transfer_staged_bytes_total',
    help: 'Bytes of staged Parquet files.',
    labelNames: [],
  },
  scannedBytes: {
    name: 'athena_transfer_scanned_bytes_total',
    help: 'Bytes that load statements scanned, which Athena bills.',
    labelNames: [],
  },
  statements: {
    name: 'athena_transfer_load_statements_total',
    help: 'Statements that loaded rows.',
    labelNames: [],
  },
  seconds: {
    name: 'athena_transfer_model_seconds',
    help: 'Seconds that models took which succeeded (histogram).',
    labelNames: [],
  },
  stalled: {
    name: 'athena_transfer_stalled_jobs_total',
    help: 'Jobs whose worker gave no sign of life, and that another takes.',
    labelNames: [],
  },
  jobs: {
    name: 'athena_transfer_jobs',
    help: 'Jobs that wait or run, by queue and state of BullMQ (gauge).',
    labelNames: ['queue', 'state'],
  },
  oldestJob: {
    name: 'athena_transfer_oldest_job_age_seconds',
    help: 'Age of the job that is taken next, by queue; 0 when none waits (gauge).',
    labelNames: ['queue'],
  },
} as const

/** States of BullMQ in which jobs wait or run; ended ones are counted as they end. */
const OPEN_STATES = ['wait', 'active', 'delayed', 'prioritized', 'waiting-children'] as const

/** Upper bounds of a model's seconds: an unchanged one takes a few, a statement at most 30 minutes unless set otherwise. */
const MODEL_SECONDS = [0.5, 1, 2, 5, 10, 30, 60, 120, 300, 900, 1800, 3600]

/** Opens the metrics of one worker process. */
export function createMetrics(queues: TransferQueues, connection: QueueConnection): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const counter = (metric: keyof typeof METRICS): Counter<string> =>
    new Counter<string>({ ...METRICS[metric], registers })
  const transfers = counter('transfers')
  const models = counter('models')
  const failures = counter('failures')
  const retries = counter('retries')
  const unchanged = counter('unchanged')
  const rowsRead = counter('rowsRead')
  const rowsRejected = counter('rowsRejected')
  const rowsChanged = counter('rowsChanged')
  const stagedBytes = counter('stagedBytes')
  const scannedBytes = counter('scannedBytes')
  const statements = counter('statements')
  const stalled = counter('stalled')
  const seconds = new Histogram({ ...METRICS.seconds, registers, buckets: MODEL_SECONDS })
  watchQueues(queues, connection, registers)
  collectDefaultMetrics({ register: registry })

  const recordModel = (result: ModelResult): void => {
    models.inc({ status: result.status })
    rowsRejected.inc(result.rejectedRowCount)
    if (result.error) failures.inc({ code: result.error.code, owner: result.error.owner })
    if (result.status !== 'SUCCESS') return
    if (result.isUnchanged) unchanged.inc()
    rowsRead.inc(result.rowCount)
    rowsChanged.inc(result.changedRowCount)
    stagedBytes.inc(result.stagedBytes)
    scannedBytes.inc(result.scannedBytes)
    statements.inc(result.statementCount)
    seconds.observe(result.durationMs / 1000)
  }
  return {
    record: event => {
      if (event.event === 'transfer completed') transfers.inc({ status: event.status })
      if (event.event === 'transfer failed' && event.isLast) transfers.inc({ status: 'ERROR' })
      if (event.event === 'model completed') recordModel(event.result)
      if (event.event === 'model failed' && event.result) recordModel(event.result)
      if (event.event === 'model failed' && event.retrying) retries.inc({ code: event.retrying.code })
      if (event.event === 'stalled') stalled.inc()
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}

/** Gauges that ask Redis at each scrape. */
function watchQueues(queues: TransferQueues, connection: QueueConnection, registers: Registry[]): void {
  new Gauge({
    ...METRICS.jobs,
    registers,
    async collect() {
      for (const [queue, jobs] of Object.entries(queues)) {
        const counts = await jobs.getJobCounts(...OPEN_STATES)
        for (const state of OPEN_STATES) this.set({ queue, state }, counts[state] ?? 0)
      }
    },
  })
  new Gauge({
    ...METRICS.oldestJob,
    registers,
    async collect() {
      for (const [queue, jobs] of Object.entries(queues))
        this.set({ queue }, (await ageOfNextJob(jobs, connection)) / 1000)
    },
  })
}
