/**
 * Which functions return soon whatever happens: no loop, and calls only of library functions that
 * neither run long nor call back, and of local functions that are bounded themselves. They need no
 * generator: most scripts of one or two commands are bounded as a whole, and a plain call costs
 * 1 ns where a generator costs 25. Where a generator calls them it needs no `yield*`, each of which
 * is as much code as the whole call beside it.
 */
import type { CallExpression, Expression, FunctionBody, Local } from './syntax-tree.ts';

const FUNCTIONS: ReadonlySet<string> = new Set(
  (
    'assert collectgarbage error getmetatable ipairs next pairs rawequal rawget rawset select' +
    ' setmetatable tonumber tostring type unpack'
  ).split(' '),
);
const LIBRARIES: ReadonlySet<string> = new Set(
  'redis server string table math cjson cmsgpack struct bit'.split(' '),
);
/** They call back. */
const EXCLUDED: ReadonlySet<string> = new Set(['sort', 'gsub', 'foreach', 'foreachi']);

/** The callee of a call in `body`. */
export function noteCall(body: FunctionBody, callee: Expression, method: string | null): void {
  if (callee.kind === 'global' && callee.name === 'error') body.callsError = true;
  if (method !== null) body.isBounded = false;
  else if (callee.kind === 'local') body.callees.push(callee.local);
  else if (!isQuickLibraryFunction(callee)) body.isBounded = false;
}

export function isQuickLibraryFunction(callee: Expression): boolean {
  if (callee.kind === 'global') return FUNCTIONS.has(callee.name);
  if (callee.kind !== 'index' || callee.key.kind !== 'string') return false;
  if (callee.object.kind !== 'global' || !LIBRARIES.has(callee.object.name)) return false;
  return !EXCLUDED.has(callee.key.value);
}

/** @param bodies  in the order in which they ended: a callee before its callers */
export function settleBounded(bodies: readonly FunctionBody[]): void {
  for (const body of bodies) {
    for (const local of body.callees) {
      if (!holdsBounded(local) || local.body === body) body.isBounded = false;
    }
  }
}

/** Whether a call ends soon; known when all functions are settled. */
export function isBoundedCall({ callee, method }: CallExpression): boolean {
  if (method !== null) return false;
  return callee.kind === 'local' ? holdsBounded(callee.local) : isQuickLibraryFunction(callee);
}

function holdsBounded({ body, isAssigned, isLibrary }: Local): boolean {
  return !isAssigned && (isLibrary || (body !== null && body.isBounded));
}
