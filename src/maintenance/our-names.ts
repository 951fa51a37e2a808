import type { Destination } from '../domain/destination.ts'
import { parseS3Uri } from '../domain/locations.ts'

/** The attempt that made something. */
export interface Attempt {
  readonly transferId: string
  readonly attempt: string
}

/** The part of a destination that decides where things lie. */
export type Place = Pick<Destination, 'bucket' | 'schema' | 'database'>

const TABLE_NAME = /^_transfer_(?<kind>staging|shadow)_(?<transferId>[0-9a-z]{26})_(?<attempt>[0-9a-f]{12})$/

const STAGED_FILE =
  /^staging\/(?<transferId>[0-9a-z]{26})\/[a-z0-9_]{1,255}\/(?<attempt>[0-9a-f]{12})\/part-\d{5,}\.parquet$/

const STATUS_FILE =
  /^transfer_status\/(?<transferId>[0-9a-z]{26})\/(?<attempt>[0-9a-f]{12})\/transfer_status\.parquet$/

const SWAP_NOTE = /^_swaps\/(?<table>[a-z0-9_]{1,255})\/(?<attempt>[0-9a-f]{12})\.json$/

/** Athena's own names: the execution's id, and what it holds. */
const RESULT_FILE =
  /^(?<id>[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})(?:\.(?:csv|txt)(?:\.metadata)?|\.metadata|-manifest\.csv)$/

/** Whose staging or shadow table a name is; undefined for a name that this product does not give. */
export function attemptOfTable(
  name: string,
): (Attempt & { readonly kind: 'staging' | 'shadow' }) | undefined {
  const { kind, ...attempt } = TABLE_NAME.exec(name)?.groups ?? {}
  const maker = attemptOf(attempt)
  return maker && (kind === 'staging' || kind === 'shadow') ? { ...maker, kind } : undefined
}

/** Whose staged file a key is; undefined for another key. */
export function attemptOfStagedKey(place: Place, key: string): Attempt | undefined {
  return attemptOf(STAGED_FILE.exec(below(`${place.schema}/`, key))?.groups)
}

/** Whose file behind `_transfer_status` a key is; undefined for another key. */
export function attemptOfStatusKey(place: Place, key: string): Attempt | undefined {
  return attemptOf(STATUS_FILE.exec(below(`${place.schema}/`, key))?.groups)
}

/** Of which table's swap a key is the note, and by which attempt; undefined for another key. */
export function swapOfNoteKey(
  place: Place,
  key: string,
): { readonly table: string; readonly attempt: string } | undefined {
  const { table, attempt } = SWAP_NOTE.exec(below(`${place.schema}/`, key))?.groups ?? {}
  return table === undefined || attempt === undefined ? undefined : { table, attempt }
}

/** Of which execution a key is a result; undefined for another key. */
export function executionOfResult(place: Place, key: string): string | undefined {
  return RESULT_FILE.exec(below(`${place.database}/athena_output/`, key))?.groups?.id
}

/** The prefix of a folder that this product makes for a table, ending with `/`; undefined for another folder. */
export function prefixOfTableFolder(place: Place, table: string, location: string): string | undefined {
  const { bucket, key = '' } = parseS3Uri(location) ?? {}
  const id = below(`${place.schema}/${table}_`, key)
  return bucket === place.bucket && /^[0-9a-f]{12}$/.test(id) ? `${key}/` : undefined
}

/** What follows the prefix; empty for a key that does not begin with it. */
function below(prefix: string, key: string): string {
  return key.startsWith(prefix) ? key.slice(prefix.length) : ''
}

function attemptOf(groups: Readonly<Record<string, string>> = {}): Attempt | undefined {
  const { transferId, attempt } = groups
  return transferId === undefined || attempt === undefined ? undefined : { transferId, attempt }
}
