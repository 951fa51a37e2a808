import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { Transform } from 'node:stream'

/** A lane between clients and a server on this machine that can be cut and slowed. */
export interface TcpProxy {
  readonly port: number
  /** Resets all connections that there are; new ones are taken. */
  cut(): void
  /** Holds each chunk back for so long, in milliseconds, both ways; 0 is as fast as it comes. */
  slow(delayMs: number): void
  close(): Promise<void>
}

/** Opens a lane to a port on loopback. A server that is down resets whoever comes, as its kernel does. */
export async function openTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  let delayMs = 0
  const join = (from: Socket, to: Socket): void => {
    sockets.add(from)
    const end = (): void => {
      sockets.delete(from)
      to.destroy()
    }
    from.on('error', end).on('close', end)
    from.pipe(delayed(() => delayMs)).pipe(to)
  }
  const server = createServer(client => {
    const upstream = connect(targetPort, '127.0.0.1')
    join(client, upstream)
    join(upstream, client)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || !address) throw new Error('the lane has no port')
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  return {
    port: address.port,
    cut,
    slow: wantedMs => {
      delayMs = wantedMs
    },
    close: async () => {
      server.close()
      cut()
    },
  }
}

/** Passes chunks on in order, each after the delay of its moment. */
function delayed(delayMs: () => number): Transform {
  return new Transform({
    transform(chunk, _encoding, done) {
      const waitMs = delayMs()
      if (waitMs === 0) done(null, chunk)
      else setTimeout(() => done(null, chunk), waitMs)
    },
  })
}
