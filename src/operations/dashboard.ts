import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { HonoAdapter } from '@bull-board/hono'
import { serveStatic } from '@hono/node-server/serve-static'
import type { Hono } from 'hono'
import type { TransferQueues } from '../queue/queues.ts'

/** Mounts Bull Board over both queues. Jobs hold names only, so nothing secret can show. */
export function mountDashboard(app: Hono, path: string, queues: TransferQueues): void {
  const adapter = new HonoAdapter(serveStatic)
  adapter.setBasePath(path)
  createBullBoard({
    queues: [new BullMQAdapter(queues.transfers), new BullMQAdapter(queues.models)],
    serverAdapter: adapter,
  })
  app.route(path, adapter.registerPlugin())
}
