/**
 * A tree into JavaScript. Only names that are made here, numbers and quoted strings get into the
 * text: L12 a local, U[3] a value from outside, t4 a temporary, h5 a loop's own, S6 a place for
 * messages, P7 and Q7 the two forms of function 7. Nothing of the host is in reach of a script
 * because no identifier of the script is ever written.
 *
 * Each function has up to two forms:
 *   P  plain     an ordinary function
 *   Q  stepped   a generator, which can be suspended at each turn of a loop and at each call, for
 *                a coroutine or because the script ran long; null when the function is bounded
 * Measured (Node 20): a call P to P costs 4.5 ns, Q to Q by yield* 33 (redis-server's Lua: 60); a
 * turn of a numeric loop 1.1 and 4.2. A generator costs so little that a script is always run in
 * its stepped form unless it is bounded as a whole: nothing is ever run twice, and it can be
 * suspended at any moment after it has written. The other way, plain first and again from the
 * start when it takes long, cannot be right for a script that has written.
 *
 * Closures are not closures of JavaScript: with two forms each, functions inside functions would
 * double the text at every level. Both forms are methods of LuaFunction and find what they took
 * from outside in `this.upvalues`: the value itself if it is never assigned after its declaration,
 * else a cell `{v}` that all share.
 */
import { CallSite } from '../call-site.ts';
import { LuaError } from '../lua-value.ts';
import { emitStatements } from './emit-statement.ts';
import { FunctionEmitter } from './function-emitter.ts';
import { shownChunkName } from './lua-lexer.ts';
import { type ParsedChunk, parseLua } from './parse-lua.ts';
import type { FunctionBody } from './syntax-tree.ts';

/** Names by which generated code reaches the machine, in the order of `bind`'s arguments. */
const PARAMETERS = ['R', 'B', 'LT', 'LF', 'TC', 'one', 'many', 'finish', 'G', 'S'] as const;

export interface CompiledChunk {
  /** Makes the two forms of the main function for one machine and one table of globals. */
  readonly bind: (...parameters: unknown[]) => unknown;
  readonly sites: readonly CallSite[];
  /** JavaScript, in characters: about what the chunk weighs. */
  readonly codeLength: number;
}

/**
 * @param source     bytes as characters 0 to 255
 * @param chunkName  '@user_script' is shown as "user_script"; without '@' or '=', as source text
 * @param callDepth  calls in calls around, which count as levels of syntax, as in Lua
 * @throws LuaError  with the text of redis-server
 */
export function compile(source: string, chunkName: string, callDepth = 0): CompiledChunk {
  try {
    return emitChunk(parseLua(source, chunkName, callDepth), shownChunkName(chunkName));
  } catch (error) {
    // Thousands of operators or indexes in a row: the tree is deeper than the stack.
    if (!(error instanceof RangeError)) throw error;
    throw new LuaError(`${shownChunkName(chunkName)}:1: chunk has too many syntax levels`, 0);
  }
}

function emitChunk(chunk: ParsedChunk, chunkName: string): CompiledChunk {
  const sites: CallSite[] = [];
  const addSite = (line: number, first: string | null, second: string | null): string => {
    sites.push(new CallSite(chunkName, line, first, second));
    return `S${sites.length - 1}`;
  };
  const functions: string[] = [];
  for (const body of chunk.bodies) {
    functions.push(`const P${body.id}=${emitFunction(body, false, addSite)};`);
    const stepped = body.isBounded ? 'null' : emitFunction(body, true, addSite);
    functions.push(`const Q${body.id}=${stepped};`);
  }
  const siteNames = sites.map((_, i) => `S${i}`).join(',');
  const known = 'NEXT=R.nextFunction,INEXT=R.inextFunction';
  const head = `'use strict';const [${siteNames}]=S,${known};`;
  const code = `${head}${functions.join('\n')}\nreturn new LF('',P0,Q0,[],false);`;
  return { bind: toFunction(code), sites, codeLength: code.length };
}

/** The only place where text becomes code: text that this folder made, never a script's own. */
function toFunction(code: string): CompiledChunk['bind'] {
  return new Function(...PARAMETERS, code) as CompiledChunk['bind'];
}

function emitFunction(
  body: FunctionBody,
  isStepped: boolean,
  addSite: (line: number, first: string | null, second: string | null) => string,
): string {
  const emitter = new FunctionEmitter(body, isStepped, addSite);
  const statements = emitStatements(emitter, body.block);
  const parameters = body.parameters.map((local) => emitter.nameOf(local));
  if (body.isVararg) parameters.push('...V');
  const lines = [emitter.entry()];
  for (const local of body.parameters) {
    if (emitter.isCell(local)) lines.push(`${emitter.nameOf(local)}={v:${emitter.nameOf(local)}};`);
  }
  if (body.argTable !== null) lines.push(emitter.argTable(body.argTable));
  lines.push(statements, emitter.leave('R.NO_VALUES'));
  const temporaries = emitter.temporaries();
  const head = `function${isStepped ? '*' : ''}(${parameters.join(',')})`;
  return `${head}{${temporaries}${lines.join('')}}`;
}
