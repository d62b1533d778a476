import { NodeError } from '../../base/errors.ts';

/** Runs it; what the machine refuses becomes a NodeError that names the path. */
export function attempt<Result>(verb: string, path: string, act: () => Result): Result {
  try {
    return act();
  } catch (cause) {
    throw refusal(verb, path, cause);
  }
}

export function refusal(verb: string, path: string, cause: unknown): NodeError {
  const code = codeOf(cause);
  const message = `Cannot ${verb} ${path}: ${code}`;
  return new NodeError('DISK_REFUSED', message, { path, cause: code }, cause);
}

export function codeOf(cause: unknown): string {
  const isCoded = cause instanceof Error && 'code' in cause && typeof cause.code === 'string';
  return isCoded ? (cause.code as string) : String(cause);
}
