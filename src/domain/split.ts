/** Why a load took more than one statement, and what readers may see that they would not with one. */
export const SPLITS = {
  partitions: {
    when: 'The rows belong to more than 100 partitions, which is what Athena writes to in a statement.',
    how: 'One statement for each 100 partitions, in the order of their values.',
    relaxed:
      'All at once: for a while some partitions have their new rows and others not yet. Each row is whole, and each partition gets its rows at once.',
  },
  clauses: {
    when: 'The table has more than 300 columns, of which Athena takes no MERGE with several WHEN clauses; or the statement is longer than 262,144 bytes, also with short names for the columns.',
    how: 'One statement for what changes, one for what is new, one for what is deleted.',
    relaxed:
      'All at once: for a while rows are changed and new ones not there yet, and deleted ones still there. Each row is whole.',
  },
  resources: {
    when: 'Athena ran out of resources or time, or found more partitions than were known of.',
    how: 'The statement is halved by a hash of the key, again and again, to a sixty-fourth at most; each half reads what the whole would of the table.',
    relaxed: 'All at once: for a while some rows are new and others old. Each row is whole.',
  },
} as const

/** The reasons, by name. */
export const SPLIT_REASONS = [
  'partitions',
  'clauses',
  'resources',
] as const satisfies readonly (keyof typeof SPLITS)[]

/** One of the reasons. */
export type SplitReason = keyof typeof SPLITS
