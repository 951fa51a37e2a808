import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type Told, toldSchema } from './told.ts'

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url))

/** A worker's memory after a full collection of garbage. */
export type Memory = Pick<Extract<Told, { kind: 'memory' }>, 'heapBytes' | 'rssBytes'>

/** Worker processes of the day. */
export interface DayWorkers {
  /** In their order. */
  memory(): Promise<readonly Memory[]>
  stop(): Promise<void>
}

/** Starts them; done once all take jobs. */
export async function startWorkers(
  count: number,
  setup: object,
  onTold: (told: Told) => void,
): Promise<DayWorkers> {
  const next = async <Kind extends Told['kind']>(child: ChildProcess, kind: Kind) => {
    for (;;) {
      const [message] = await once(child, 'message')
      const told = toldSchema.parse(message)
      if (told.kind === kind) return told as Extract<Told, { kind: Kind }>
    }
  }
  const children = Array.from({ length: count }, () => {
    const child = fork(WORKER, [JSON.stringify(setup)], { execArgv: ['--expose-gc'] })
    child.on('message', message => onTold(toldSchema.parse(message)))
    child.on(
      'exit',
      code => code !== 0 && onTold({ kind: 'trouble', message: `a worker ended with ${code}` }),
    )
    process.once('exit', () => child.kill('SIGKILL'))
    return child
  })
  await Promise.all(children.map(child => next(child, 'ready')))
  return {
    memory: () =>
      Promise.all(
        children.map(child => {
          const answer = next(child, 'memory')
          child.send('memory')
          return answer
        }),
      ),
    stop: async () => {
      await Promise.all(
        children.map(async child => {
          const ended = once(child, 'exit')
          child.send('stop')
          await ended
        }),
      )
    },
  }
}
