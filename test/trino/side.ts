import { Athena } from '@aws-sdk/client-athena'
import { Glue } from '@aws-sdk/client-glue'
import { S3 } from '@aws-sdk/client-s3'
import { createCustomer } from '../support/customer.ts'
import { type EngineName, startStandIn } from '../support/stand-in.ts'
import { PLACE } from './place.ts'
import { runStatement, type StatementOutcome } from './run-statement.ts'

/** One stand-in with one customer, and the statements run as the customer's user. */
export interface Side {
  readonly glue: Glue
  readonly s3: S3
  run(sql: string): Promise<StatementOutcome>
  /** Goes on with the same data in another engine. */
  restart(engine: EngineName): Promise<void>
  stop(): Promise<void>
}

/** Starts a side with the database made. */
export async function startSide(engine: EngineName): Promise<Side> {
  const standIn = await startStandIn(engine)
  const customer = await createCustomer(standIn, PLACE)
  const credentials = await customer.createUser('differential')
  const shared = { region: PLACE.region, endpoint: standIn.url, credentials }
  const glue = new Glue(shared)
  await glue.createDatabase({ DatabaseInput: { Name: PLACE.schema } })
  const athena = new Athena(shared)
  return {
    glue,
    s3: new S3({ ...shared, forcePathStyle: true }),
    run: sql => runStatement(athena, sql),
    restart: other => standIn.restart('SIGTERM', other),
    stop: () => standIn.stop(),
  }
}
