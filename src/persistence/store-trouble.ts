/** What is wrong with a store's files, in the words of replies and of the health check. */
import { ERRORS } from '../protocol/error-table.ts';

export interface StoreTrouble {
  /** Why the log cannot be written, in the system's words; '' when it can. */
  readonly logFailure: string;
  /** Why the last snapshot that a save point or SAVE asked for failed; '' when it did not. */
  readonly saveFailure: string;
}

/** Text of the error reply to writes; null: they are welcome. */
export function refusalOf(trouble: StoreTrouble, stopsOnSaveError: boolean): string | null {
  const { logFailure, saveFailure } = trouble;
  if (logFailure !== '') return `MISCONF Errors writing to the AOF file: ${logFailure}`;
  return stopsOnSaveError && saveFailure !== '' ? ERRORS.saveFailing.text : null;
}

/** The same, of a script that may write. */
export function scriptRefusal({ logFailure }: StoreTrouble): string {
  if (logFailure === '') return ERRORS.saveFailingScript.text;
  return (
    'MISCONF Redis is configured to persist data to AOF, ' +
    "but it's currently unable to persist to disk. Writable scripts are blocked. " +
    `Use 'no-writes' flag for read only scripts. AOF error: ${logFailure}`
  );
}

/**
 * A sentence for the health check; '' when all is well.
 * @param isLogSlow  so much waits for the disk that writers wait
 */
export function issueOf(storeName: string, trouble: StoreTrouble, isLogSlow: boolean): string {
  const { logFailure, saveFailure } = trouble;
  if (logFailure !== '') {
    return `disk: the log of store '${storeName}' cannot be written: ${logFailure}`;
  }
  if (isLogSlow) return `disk: the log of store '${storeName}' is slow: writers wait`;
  if (saveFailure === '') return '';
  return `disk: the last snapshot of store '${storeName}' failed: ${saveFailure}`;
}
