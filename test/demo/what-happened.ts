import { Athena } from '@aws-sdk/client-athena'
import { z } from 'zod'
import { table } from '../../src/cli/output.ts'
import type { TransferResult } from '../../src/domain/transfer.ts'
import type { Customer } from '../support/customer.ts'
import type { TestStandIn } from '../support/stand-in.ts'

const keysSchema = z.object({ accessKeyId: z.string(), secretAccessKey: z.string() })

/**
 * The statements of some transfers, as an administrator of the customer's account finds them in Athena, and how many
 * loads there were a model.
 */
export async function describeStatements(
  standIn: TestStandIn,
  customer: Customer,
  transfers: readonly TransferResult[],
): Promise<{ readonly text: string; readonly loadsPerModel: number }> {
  const everything = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: ['*'], Resource: ['*'] }],
  }
  const user = await standIn.admin('PUT', `users/${customer.accountId}/administrator`, {
    policies: { all: everything },
  })
  const athena = new Athena({
    region: customer.region,
    endpoint: standIn.url,
    credentials: keysSchema.parse(user),
  })
  const { QueryExecutionIds = [] } = await athena.listQueryExecutions({
    WorkGroup: customer.workgroup,
    MaxResults: 50,
  })
  const { QueryExecutions = [] } = await athena.batchGetQueryExecution({ QueryExecutionIds })
  const statements = QueryExecutions.map(execution => ({
    type: execution.SubstatementType ?? execution.StatementType ?? '',
    firstLine: (execution.Query ?? '').split('\n')[0] ?? '',
    state: execution.Status?.State ?? '',
    scannedBytes: execution.Statistics?.DataScannedInBytes ?? 0,
    at: execution.Status?.SubmissionDateTime?.getTime() ?? 0,
  })).sort((left, right) => left.at - right.at)
  const loads = statements.filter(statement => statement.firstLine.startsWith('MERGE')).length
  const models = transfers.flatMap(transfer => transfer.models).length
  const rows = statements.map(({ type, firstLine, state, scannedBytes }) => [
    type,
    firstLine.slice(0, 70),
    state,
    scannedBytes,
  ])
  return { text: table(['type', 'statement', 'state', 'scanned bytes'], rows), loadsPerModel: loads / models }
}

/** The actions that the role used, how often, and those it was granted without using them. */
export async function describeActions(
  standIn: TestStandIn,
  customer: Customer,
): Promise<{ readonly text: string; readonly deniedCount: number }> {
  const audit = await standIn.audit({ accountId: customer.accountId })
  const ofRole = audit.filter(entry => entry.callerArn.includes(`assumed-role/${customer.roleName}/`))
  const granted = customer.policy.Statement.flatMap(statement => statement.Action)
  const actions = [...new Set([...granted, ...ofRole.map(entry => entry.action)])].sort()
  const rows = actions.map(action => {
    const entries = ofRole.filter(entry => entry.action === action)
    const denied = entries.filter(entry => !entry.allowed).length
    return [action, granted.includes(action) ? 'yes' : 'no', entries.length - denied, denied]
  })
  return {
    text: table(['action', 'granted', 'used', 'denied'], rows),
    deniedCount: ofRole.filter(entry => !entry.allowed).length,
  }
}
