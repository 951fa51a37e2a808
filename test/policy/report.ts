/** Prints what a lane has shown, past the test runner's own output. */
export function report(text: string): void {
  process.stdout.write(`\n${text}\n`)
}
