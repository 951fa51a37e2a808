import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { findJava } from './find-java.ts'
import { installTrino } from './install.ts'
import { watched } from './watched.ts'

/** A Trino server of our own. */
export interface TrinoServer {
  readonly url: string
  /** Ends the process and waits until it has ended. */
  stop(): Promise<void>
}

/** How long a start may take, in milliseconds; 15 seconds are usual. */
const START_LIMIT_MS = 180_000

const JVM = [
  '-Xmx1G',
  '-XX:+UseG1GC',
  '-XX:+ExitOnOutOfMemoryError',
  '-XX:TieredStopAtLevel=1',
  '--add-modules=jdk.incubator.vector',
  '-Djdk.attach.allowAttachSelf=true',
  '--enable-native-access=ALL-UNNAMED',
  '--sun-misc-unsafe-memory-access=allow',
]

/** Starts Trino and waits until it takes statements; its log is `trino.log` in `folder`. */
export async function startTrino(folder: string): Promise<TrinoServer> {
  const java = await findJava()
  const home = await installTrino()
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const port = await freePort()
  const config = join(folder, 'config.properties')
  await writeFile(config, configuration(port))
  const logPath = join(folder, 'trino.log')
  const log = await open(logPath, 'a')
  const node = ['-Dnode.environment=stand_in', '-Dnode.id=stand-in', `-Dnode.data-dir=${folder}`]
  const program = [java, ...JVM, ...node, `-Dconfig=${config}`, '-cp', 'lib/*', 'io.trino.server.TrinoServer']
  const child = spawn('sh', watched(program), {
    cwd: home,
    stdio: ['pipe', log.fd, log.fd],
  })
  const ended = once(child, 'exit')
  await log.close()
  const server: TrinoServer = {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      child.stdin?.end()
      await ended
    },
  }
  await Promise.race([untilReady(server.url), earlyEnd(ended, logPath)]).catch(async error => {
    await server.stop()
    throw error
  })
  return server
}

async function earlyEnd(ended: Promise<unknown>, logPath: string): Promise<never> {
  await ended
  throw new Error(`Trino ended before it was ready; see ${logPath}`)
}

/** One writer a task, so that the limit of open partitions is that of a whole statement, as in Athena. */
function configuration(port: number): string {
  return `${[
    'coordinator=true',
    'node-scheduler.include-coordinator=true',
    `http-server.http.port=${port}`,
    `discovery.uri=http://127.0.0.1:${port}`,
    'node.internal-address=127.0.0.1',
    'catalog.management=dynamic',
    'catalog.store=memory',
    'query.max-memory=600MB',
    'query.max-memory-per-node=600MB',
    'memory.heap-headroom-per-node=200MB',
    'task.min-writer-count=1',
    'task.max-writer-count=1',
  ].join('\n')}\n`
}

const infoSchema = z.object({ starting: z.boolean() })

async function untilReady(url: string): Promise<void> {
  const limitAt = Date.now() + START_LIMIT_MS
  while (Date.now() < limitAt) {
    if (await isReady(url)) return
    await delay(200)
  }
  throw new Error(`Trino was not ready within ${START_LIMIT_MS / 1000} seconds`)
}

async function isReady(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/v1/info`, { signal: AbortSignal.timeout(5000) })
    return answer.ok && !infoSchema.parse(await answer.json()).starting
  } catch {
    // Nobody listens yet.
    return false
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (typeof address === 'object' && address) return address.port
  throw new Error('No free port was found')
}
