/** One row of the source; of two of the same id the later one has the larger version and cursor. */
export interface Row {
  readonly id: number
  readonly version: number
  readonly at: number
  readonly deleted: boolean
}

/** The source of a run: rows that change while transfers read them. */
export interface Source {
  /** Changes one row, or adds it. */
  change(id: number, deleted: boolean): void
  /** All rows as they are now: the newest version of each, or every version for append. */
  rows(): readonly Row[]
}

/** An empty source; with `keepsVersions` every version of a row stays in it. */
export function createSource(keepsVersions: boolean): Source {
  const rows: Row[] = []
  let clock = 0
  return {
    change: (id, deleted) => {
      const row = { id, version: ++clock, at: clock, deleted }
      const place = keepsVersions ? -1 : rows.findIndex(one => one.id === id)
      if (place >= 0) rows.splice(place, 1)
      rows.push(row)
    },
    rows: () => [...rows],
  }
}
