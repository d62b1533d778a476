/** How a process of tests tells its parent what happens, in lines of JSON. */
import fs from 'node:fs';

export const TELLING_FD = 3;

/** Written at once: nothing is lost when the process dies, or never gives way again. */
export function tell(event) {
  fs.writeSync(TELLING_FD, `${JSON.stringify(event)}\n`);
}
