/** A way to break the protocol: texts in files of `src` that are put in the place of others, each found exactly once. */
export interface Mutation {
  readonly name: string
  readonly edits: readonly { readonly file: string; readonly text: string; readonly broken: string }[]
}

/** Ways to break the protocol, each of which the simulation has to catch. Template strings in them are source text. */
export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'go on although another attempt has the table (skip the epoch check)',
    edits: [
      {
        file: 'transfer/journal.ts',
        text: 'if (!(await store.replace(table, current, next, LEASE_MS))) throw superseded(table)',
        broken: 'await store.replace(table, current, next, LEASE_MS)',
      },
    ],
  },
  {
    name: 'derive the token from the attempt',
    edits: [
      {
        file: 'transfer/finish-load.ts',
        text: 'step: `${load.id} ${step}`',
        broken: 'step: `${journal.attempt} ${step}`',
      },
    ],
  },
  {
    name: 'INSERT instead of MERGE',
    edits: [
      {
        file: 'load/load-statement.ts',
        text: '  return statementOf(input, mergeOf(input))\n',
        broken:
          '  if (input) return `INSERT INTO ${qualified(input.database, input.target)} ${stagedRows(input)}`\n  return statementOf(input, mergeOf(input))\n',
      },
    ],
  },
  {
    name: 'stage again on retry, although statements may be running',
    edits: [
      {
        file: 'domain/journal.ts',
        text: '  if (!isKept)\n',
        broken: '  if (!isKept || isOwn)\n',
      },
    ],
  },
  {
    name: 'move the watermark before the load',
    edits: [
      {
        file: 'transfer/finish-load.ts',
        text: '  await journal.move(loading(journal.entry()))\n',
        broken:
          '  await deps.states.write(destination.name, load.table, { ...load.state, epoch: journal.entry().epoch }, load.watermarkKind)\n  await journal.move(loading(journal.entry()))\n',
      },
      {
        file: 'transfer/finish-load.ts',
        text: '  const { clients, destination, journal, signal } = open\n',
        broken: '  const { clients, deps, destination, journal, signal } = open\n',
      },
    ],
  },
  {
    name: 'delete what was staged before the execution is terminal',
    edits: [
      {
        file: 'transfer/finish-load.ts',
        text: '      if (!isOver) throw thrown\n',
        broken:
          '      if (!isOver) await cleanUp(clients, destination, position.load)\n      if (!isOver) throw thrown\n',
      },
    ],
  },
  {
    name: 'open another group before the last one has ended',
    edits: [
      {
        file: 'transfer/finish-load.ts',
        text: '      if (!isOver) throw thrown\n',
        broken: '      if (!isOver && !isLost(thrown)) throw thrown\n',
      },
      {
        file: 'transfer/finish-load.ts',
        text: '      if (!allowsAnotherGroup(thrown))\n',
        broken: '      if (!allowsAnotherGroup(thrown) && !isLost(thrown))\n',
      },
      {
        file: 'transfer/finish-load.ts',
        text: '/** True when Athena did not take the statement',
        broken:
          "function isLost(thrown: unknown): boolean {\n  return thrown instanceof TransferError && thrown.code === 'AWS_UNAVAILABLE'\n}\n\n/** True when Athena did not take the statement",
      },
    ],
  },
  {
    name: 'forget what another transfer may have submitted',
    edits: [
      {
        file: 'domain/journal.ts',
        text: "    position.state === 'loading' || position.state === 'loaded' || (isOwn && position.state === 'staged')",
        broken:
          "    isOwn && (position.state === 'loading' || position.state === 'loaded' || position.state === 'staged')",
      },
    ],
  },
  {
    name: 'forget loads of before when Redis was lost',
    edits: [
      {
        file: 'transfer/journal.ts',
        text: '    if (!entry && store.isShared) await whenUnknown()\n',
        broken: '',
      },
    ],
  },
  {
    name: 'take a failed execution for one that succeeded',
    edits: [
      {
        file: 'query/run-query.ts',
        text: "  if (execution.Status?.State !== 'SUCCEEDED') throw queryFailure(execution, place)\n",
        broken: "  if (execution.Status?.State === 'QUEUED') throw queryFailure(execution, place)\n",
      },
    ],
  },
  {
    name: 'take a lost reply for a refusal',
    edits: [
      {
        file: 'transfer/finish-load.ts',
        text: 'thrown instanceof TransferError && !thrown.retryable',
        broken: 'thrown instanceof TransferError',
      },
    ],
  },
]
