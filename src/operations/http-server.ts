import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { basicAuth } from 'hono/basic-auth'
import type { TransferQueues } from '../queue/queues.ts'
import { mountDashboard } from './dashboard.ts'
import type { Metrics } from './metrics.ts'

/** What the server shows and to whom. */
export interface OperationsOptions {
  /** Loopback unless the operator says otherwise. */
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly queues: TransferQueues
  readonly metrics: Metrics
  /** Without it the dashboard is off. */
  readonly dashboard: { readonly user: string; readonly password: string } | undefined
  /** Problems that keep the worker from working; none when it is ready. */
  readonly problems: () => Promise<readonly string[]>
}

/** A listening server. */
export interface OperationsServer {
  readonly url: string
  close(): Promise<void>
}

/**
 * Serves `/health/live` (the process answers), `/health/ready` (503 with reasons when it cannot work), `/metrics` for
 * Prometheus (numbers, and no name of a customer) and the queue dashboard at `/dashboard`, the last behind basic
 * authentication.
 */
export async function startOperationsServer(options: OperationsOptions): Promise<OperationsServer> {
  const app = new Hono()
  app.get('/health/live', context => context.json({ status: 'live' }))
  app.get('/health/ready', async context => {
    const problems = await options.problems()
    return context.json(
      { status: problems.length === 0 ? 'ready' : 'not ready', problems },
      problems.length === 0 ? 200 : 503,
    )
  })
  app.get('/metrics', async context => {
    const text = await options.metrics.text()
    return context.body(text, 200, { 'content-type': options.metrics.contentType })
  })
  if (options.dashboard) {
    const { user: username, password } = options.dashboard
    app.use('/dashboard/*', basicAuth({ username, password }))
    app.use('/dashboard', basicAuth({ username, password }))
    mountDashboard(app, '/dashboard', options.queues)
  }
  const server = createAdaptorServer({ fetch: app.fetch, hostname: options.host })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, resolve)
  })
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : options.port
  return {
    url: `http://${options.host}:${port}`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        if ('closeAllConnections' in server) server.closeAllConnections()
      }),
  }
}
