/** What the lane needs before anything else, so that what is missing is said once, in one line. */
import { findJava } from '../../src/stand-in/athena/trino/find-java.ts'
import { installTrino } from '../../src/stand-in/athena/trino/install.ts'

try {
  console.log(`Java: ${await findJava()}\nTrino: ${await installTrino()}`)
} catch (error) {
  console.error(`The Trino lane cannot run. ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
