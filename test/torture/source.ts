import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Random } from '../simulation/random.ts'
import type { TortureModel } from './models.ts'

/** A source file that changes version by version, and the oracle of what a table may hold of it. */
export interface TortureSource {
  /** The version that was written last, from 1. */
  version(): number
  /** Puts the next version in the place of the file in one step. At least one of its rows names it as its batch. */
  change(): Promise<void>
  /** Rows of the table that has loaded a version, by id, as `spelled` spells them; undefined for one that never was. */
  rowsOf(version: number): ReadonlyMap<string, string> | undefined
}

/** One row as both the oracle and a reader of the table spell it. */
export function spelled(value: string | null, batch: string | null): string {
  return `${value} ${batch}`
}

interface Row {
  readonly id: number
  readonly value: string
  readonly batch: number
  readonly gone: boolean
  readonly at: string
}

/** Rows at first, and from which on no new ones come but in a source that grows only. */
const [FIRST_ROWS, MOST_ROWS] = [200, 400]

const DAY_ONE = Date.UTC(2026, 0, 1)

/** Writes version 1 into the folder. */
export async function startSource(
  folder: string,
  { name, deletes }: TortureModel,
  random: Random,
): Promise<TortureSource> {
  const versions: ReadonlyMap<string, string>[] = []
  const rows = new Map<number, Row>()
  let lastId = 0
  const put = (id: number, gone: boolean): void => {
    const batch = versions.length + 1
    const at = new Date(DAY_ONE + batch * 1000).toISOString()
    rows.set(id, { id, value: random.next().toString(36).slice(2), batch, gone, at })
  }
  const add = (count: number): void => {
    for (let added = 0; added < count; added++) put(++lastId, false)
  }
  const write = async (): Promise<void> => {
    const present = [...rows.values()]
    const shown = present.filter(({ gone }) => !gone)
    versions.push(new Map(shown.map(row => [String(row.id), spelled(row.value, String(row.batch))])))
    const path = join(folder, `${name}.ndjson`)
    await writeFile(`${path}.next`, present.map(row => `${JSON.stringify(row)}\n`).join(''))
    await rename(`${path}.next`, path)
  }
  add(FIRST_ROWS)
  await write()
  return {
    version: () => versions.length,
    rowsOf: version => versions[version - 1],
    change: async () => {
      if (deletes !== 'grows') {
        changeSome(rows, random, deletes, put)
        if (rows.size < MOST_ROWS) add(1 + random.below(3))
      } else add(1 + random.below(3))
      await write()
    },
  }
}

/** A tenth of the rows change; where the source deletes, some of those leave. The last one stays, so that its batch is seen. */
function changeSome(
  rows: Map<number, Row>,
  random: Random,
  deletes: TortureModel['deletes'],
  put: (id: number, gone: boolean) => void,
): void {
  const ids = [...rows.keys()]
  const chosen = Array.from({ length: Math.ceil(ids.length / 10) }, () => ids[random.below(ids.length)] ?? 1)
  for (const id of chosen) {
    if (deletes === 'removes' && random.chance(0.1)) rows.delete(id)
    else put(id, deletes === 'marks' && random.chance(0.2))
  }
  put(chosen.at(-1) ?? 1, false)
}
