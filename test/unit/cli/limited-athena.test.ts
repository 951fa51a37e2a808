import { expect, it } from 'vitest'
import { limitedConnect } from '../../../src/cli/limited-athena.ts'
import { destinationSchema } from '../../../src/domain/destination.ts'
import type { RateLimiter } from '../../../src/queue/rate-limiter.ts'
import type { DestinationClients, TransferDeps } from '../../../src/transfer/ports.ts'

const place = { bucket: 'b-1', database: 'd', schema: 's' }
const role = { type: 'web-identity', roleArn: 'arn:aws:iam::111122223333:role/r' }
const keys = { type: 'access-key', accessKeyId: 'env:A', secretAccessKey: 'env:B' }

/** What is asked of the limiter and of Athena, in order, by one call of each kind to a destination. */
async function callsTo(destination: { name: string; region: string; access: object }) {
  const calls: string[] = []
  const call = (name: string) => async () => {
    calls.push(name)
    return {}
  }
  const athena = {
    startQueryExecution: call('start'),
    getQueryExecution: call('look'),
    getQueryResults: call('read'),
    getWorkGroup: call('workgroup'),
    stopQueryExecution: call('stop'),
  }
  const limiter: RateLimiter = {
    turn: async ({ scope, rate }) => void calls.push(`turn ${scope} ${rate.perSecond}/${rate.burst}`),
  }
  const clients: Partial<DestinationClients> = { athena }
  const connect: TransferDeps['connect'] = async () => clients as DestinationClients
  const parsed = destinationSchema.parse({ ...place, ...destination })
  const limited = (await limitedConnect(connect, limiter)(parsed)).athena
  await limited.startQueryExecution({
    QueryString: '',
    ClientRequestToken: '',
    WorkGroup: '',
    ResultConfiguration: { OutputLocation: '' },
  })
  await limited.getQueryExecution({ QueryExecutionId: 'q' })
  await limited.getQueryResults({ QueryExecutionId: 'q' })
  await limited.getWorkGroup({ WorkGroup: 'w' })
  await limited.stopQueryExecution({ QueryExecutionId: 'q' })
  return calls
}

it('each limited call waits for its turn first, by account and region, whatever the destination', async () => {
  const acme = await callsTo({ name: 'acme', region: 'eu-west-1', access: role })

  expect(acme).toEqual([
    'turn 111122223333:eu-west-1:StartQueryExecution 20/80',
    'start',
    'turn 111122223333:eu-west-1:GetQueryExecution 100/200',
    'look',
    'turn 111122223333:eu-west-1:GetQueryResults 100/200',
    'read',
    'workgroup',
    'stop',
  ])
  expect(await callsTo({ name: 'other', region: 'eu-west-1', access: role })).toEqual(acme)
})

it('a destination whose account is not known has rates of its own', async () => {
  const [first] = await callsTo({ name: 'acme', region: 'us-east-1', access: keys })

  expect(first).toBe('turn destination-acme:us-east-1:StartQueryExecution 20/80')
})
