import { join, resolve } from 'node:path'
import { accountIdOf, type Destination, destinationSchema } from '../domain/destination.ts'
import { TransferError } from '../domain/errors.ts'
import { type Model, modelSchema } from '../domain/model.ts'
import { foldName } from '../domain/names.ts'
import { type Source, sourceSchema } from '../domain/source.ts'
import { type ConfigFile, invalid, readFolder } from './read-folder.ts'

/** What the operator declared: all destinations, sources and models, by name. */
export interface Config {
  /** The folder it was read from, absolute; relative source bases start here. */
  readonly folder: string
  readonly destinations: ReadonlyMap<string, Destination>
  readonly sources: ReadonlyMap<string, Source>
  /** Those that can run. */
  readonly models: ReadonlyMap<string, Model>
  /** Why the others cannot: `CONFIG_INVALID`, by name. */
  readonly brokenModels: ReadonlyMap<string, TransferError>
}

/**
 * Reads `destinations/*.yaml`, `sources/*.yaml` and `models/*.yaml`, one object a file; a file's name is the default
 * of `name`. A model that cannot be read is kept with its problem: it fails alone, and the others are transferred.
 *
 * @throws {TransferError} `CONFIG_INVALID` with file, path, what was found and what is expected, for destinations and sources.
 */
export async function loadConfig(folder: string): Promise<Config> {
  const root = resolve(folder)
  const [destinationFiles, sourceFiles, modelFiles] = await Promise.all([
    readFolder(join(root, 'destinations'), destinationSchema),
    readFolder(join(root, 'sources'), sourceSchema),
    readFolder(join(root, 'models'), modelSchema),
  ])
  const destinations = allOf(destinationFiles)
  ensureApart([...destinations.values()])
  const sources = allOf(sourceFiles)
  return { folder: root, destinations, sources, ...sortedOut(modelFiles, sources, destinations) }
}

/**
 * No two destinations share what either takes for its own alone: a folder of data, which is swept, or a Glue database.
 *
 * @throws {TransferError} `CONFIG_INVALID` that names both.
 */
function ensureApart(destinations: readonly Destination[]): void {
  const [one, other] = sharedFolder(destinations) ?? sharedCatalog(destinations) ?? []
  if (!one || !other) return
  const problem = `schema "${one.schema}" of its bucket, or of its account's Glue catalog, is destination "${other.name}"'s too`
  throw invalid(`destination "${one.name}"`, problem)
}

/** Two destinations of which one has a folder in the other's. A folder's text is followed, in order, by those of all in it. */
function sharedFolder(destinations: readonly Destination[]): readonly [Destination, Destination] | undefined {
  const folders = destinations
    .flatMap(owner => foldersOf(owner).map(folder => ({ owner, path: `${owner.bucket}/${folder}` })))
    .toSorted((left, right) => (left.path < right.path ? -1 : Number(left.path > right.path)))
  let around: typeof folders = []
  for (const folder of folders) {
    around = around.filter(({ path }) => folder.path.startsWith(path))
    const other = around.find(({ owner }) => owner !== folder.owner)
    if (other) return [folder.owner, other.owner]
    around.push(folder)
  }
  return undefined
}

function sharedCatalog(
  destinations: readonly Destination[],
): readonly [Destination, Destination] | undefined {
  const owners = new Map<string, Destination>()
  for (const destination of destinations) {
    const account = accountIdOf(destination)
    if (account === undefined) continue
    const database = `${account} ${destination.region} ${destination.schema}`
    const other = owners.get(database)
    if (other) return [destination, other]
    owners.set(database, destination)
  }
  return undefined
}

/** Folders in the bucket that are the destination's own. */
function foldersOf({ schema, database }: Destination): readonly string[] {
  return [`${schema}/`, `${database}/athena_output/`]
}

/** True for a folder that lies in the other one, or holds it. */
function overlapping(folder: string): (other: string) => boolean {
  return other => folder.startsWith(other) || other.startsWith(folder)
}

/** True for an `s3://` source that lies in a destination's own folder, or holds one. */
function isInsideDestination({ base }: Source, destinations: Config['destinations']): boolean {
  const [bucket = '', ...rest] = base.startsWith('s3://') ? base.slice('s3://'.length).split('/') : []
  const folder = rest
    .filter(part => part !== '')
    .map(part => `${part}/`)
    .join('')
  return [...destinations.values()].some(
    destination =>
      destination.bucket === bucket.toLowerCase() && foldersOf(destination).some(overlapping(folder)),
  )
}

/** @throws {TransferError} the first problem. */
function allOf<Value>(files: readonly ConfigFile<Value>[]): ReadonlyMap<string, Value> {
  const found = new Map<string, Value>()
  for (const { name, path, outcome } of files) {
    if ('problem' in outcome) throw outcome.problem
    if (found.has(name)) throw invalid(path, `name: "${name}" is used by another file of its folder`)
    found.set(name, outcome.value)
  }
  return found
}

/** Models that can run, and those that cannot, with why. */
function sortedOut(
  files: readonly ConfigFile<Model>[],
  sources: Config['sources'],
  destinations: Config['destinations'],
): Pick<Config, 'models' | 'brokenModels'> {
  const models = new Map<string, Model>()
  const brokenModels = new Map<string, TransferError>()
  const tables = Map.groupBy(files, file => foldName(file.name))
  const inside = new Set([...sources.values()].filter(source => isInsideDestination(source, destinations)))
  for (const { name, path, outcome } of files) {
    const namesakes = tables.get(foldName(name)) ?? []
    if ('problem' in outcome) brokenModels.set(name, outcome.problem)
    else if (namesakes.length > 1) brokenModels.set(name, oneTable(namesakes))
    else {
      const problem = problemOfSource(outcome.value.source, sources, inside)
      if (problem === undefined) models.set(name, outcome.value)
      else brokenModels.set(name, invalid(path, `source: ${problem}`))
    }
  }
  return { models, brokenModels }
}

/** Why a model cannot be read from the source that it names. */
function problemOfSource(
  name: string,
  sources: Config['sources'],
  inside: ReadonlySet<Source>,
): string | undefined {
  const source = sources.get(name)
  if (!source) return `found "${name}", expected one of ${list(sources)}`
  return inside.has(source)
    ? `"${name}" lies in a destination's own folder, or around one; no model is read from there`
    : undefined
}

function oneTable(files: readonly ConfigFile<Model>[]): TransferError {
  const names = files.map(file => `${file.name} (${file.path})`).join(' and ')
  return invalid('models', `${names} are one table name in Athena; rename one`)
}

function list(named: ReadonlyMap<string, unknown>): string {
  return named.size === 0 ? '(none declared)' : [...named.keys()].join(', ')
}

/** A declared destination. @throws {TransferError} `CONFIG_INVALID`, which lists no others: they are other customers. */
export function destinationNamed(config: Config, name: string): Destination {
  const destination = config.destinations.get(name)
  if (destination) return destination
  throw invalid(join(config.folder, 'destinations'), `no destination is named "${name}"`)
}

/**
 * Names of the models that a destination takes, in declared order, narrowed to `only` when given. Models that cannot
 * run are among them; `modelNamed` says why.
 *
 * @throws {TransferError} `CONFIG_INVALID` for a name in `only` that the destination does not take.
 */
export function modelNamesOf(
  config: Config,
  destination: Destination,
  only?: readonly string[],
): readonly string[] {
  const taken = destination.models ?? [...config.models.keys(), ...config.brokenModels.keys()]
  const unknown = only?.find(name => !taken.includes(name))
  if (unknown === undefined) return only ?? taken
  throw invalid(
    `destination "${destination.name}"`,
    `no model "${unknown}"; it takes: ${taken.join(', ') || '(none declared)'}`,
  )
}

/** The models that `modelNamesOf` names. @throws {TransferError} `CONFIG_INVALID` for one that cannot run. */
export function modelsOf(
  config: Config,
  destination: Destination,
  only?: readonly string[],
): readonly Model[] {
  return modelNamesOf(config, destination, only).map(name => modelNamed(config, destination, name))
}

/** A model that the destination takes. @throws {TransferError} `CONFIG_INVALID` that says why there is none. */
export function modelNamed(config: Config, destination: Destination, name: string): Model {
  modelNamesOf(config, destination, [name])
  const found = findModel(config, destination, name)
  if (found instanceof TransferError) throw found
  return found
}

function findModel(config: Config, destination: Destination, name: string): Model | TransferError {
  const found = config.models.get(name) ?? config.brokenModels.get(name)
  if (found) return found
  const problem = `models: found "${name}", expected some of ${list(config.models)}`
  return invalid(`destination "${destination.name}"`, problem)
}

/** What is wrong with models, for the log of a worker that starts: each fails alone when it is to be transferred. */
export function modelProblems(config: Config): readonly TransferError[] {
  const taken = [...config.destinations.values()].flatMap(destination =>
    modelNamesOf(config, destination).map(name => findModel(config, destination, name)),
  )
  const problems = [...config.brokenModels.values(), ...taken].filter(found => found instanceof TransferError)
  return [...new Set(problems)]
}

/** A declared source. @throws {TransferError} `CONFIG_INVALID` that lists the declared ones. */
export function sourceNamed(config: Config, name: string): Source {
  const source = config.sources.get(name)
  if (source) return source
  throw invalid(config.folder, `no source is named "${name}"; declared: ${list(config.sources)}`)
}
