/** What only the command itself may ask of its process; the embedded node never does. */

export function commandLineArguments(): string[] {
  return process.argv.slice(2);
}

/** Ends the process now: everything was stopped and written before. */
export function exitWith(code: number): never {
  process.exit(code);
}
