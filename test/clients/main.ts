import { fileURLToPath } from 'node:url'
import Table from 'cli-table3'
import { CLIENTS, type Client } from './clients.ts'
import { openLane } from './lane.ts'
import { type Operation, runScript } from './run-script.ts'

const folder = fileURLToPath(new URL('.', import.meta.url))
const only = process.argv.slice(2)
const lane = await openLane(folder)
try {
  const told: (Operation & { readonly client: string })[] = []
  for (const client of CLIENTS.filter(one => only.length === 0 || only.includes(one.name))) {
    told.push(...(await operate(client)))
  }
  const table = new Table({
    head: ['client', 'operation', 'result'],
    colWidths: [22, 62, 60],
    wordWrap: true,
    style: { head: [], border: [] },
  })
  for (const { client, operation, result } of told) table.push([client, operation, result])
  const passed = told.filter(one => isPassed(one.result)).length
  process.stdout.write(`${table.toString()}\n${passed} passed, ${told.length - passed} failed\n`)
  process.exitCode = passed === told.length && passed > 0 ? 0 : 1
} finally {
  await lane.close()
}

async function operate(client: Client): Promise<readonly (Operation & { readonly client: string })[]> {
  if (client.afterTransferOf !== undefined) await lane.transfer(client.afterTransferOf)
  const told = await runScript(folder, client, lane.env)
  return told.map(one => ({ ...one, client: client.name }))
}

function isPassed(result: string): boolean {
  return result === 'ok' || result.startsWith('refused: ')
}
