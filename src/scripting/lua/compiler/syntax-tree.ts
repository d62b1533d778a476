/** The tree of a chunk. Variables are resolved: a use points at its declaration. */

/** A local variable. */
export interface Local {
  readonly name: string;
  /** Unique in its chunk; generated names are made of it, never of `name`. */
  readonly id: number;
  readonly owner: FunctionBody;
  /** Assigned after its declaration. */
  isAssigned: boolean;
  /** Used by an inner function. Captured and assigned: it lives in a cell. */
  isCaptured: boolean;
  /** The function that the declaration `local function` gives it, once that is read. */
  body: FunctionBody | null;
  /** Declared as another name of a library function that returns soon, as `redis.call`. */
  isLibrary: boolean;
}

export interface FunctionBody {
  /** Unique in its chunk; 0 is the main function. */
  readonly id: number;
  readonly parent: FunctionBody | null;
  readonly line: number;
  /** As messages of stack overflow and the like would name it; '' for none. */
  name: string;
  readonly parameters: Local[];
  isVararg: boolean;
  /** Lua 5.0's table of the extra arguments; null when not declared. */
  argTable: Local | null;
  usesVarargs: boolean;
  /** Locals of outer functions, in the order in which they are handed over. */
  readonly upvalues: Local[];
  block: Statement[];
  /** Has no loop and calls nothing that may run long or yield. Final when the chunk is read. */
  isBounded: boolean;
  /** Locals that it calls; it is bounded only if they are never assigned and bounded. */
  readonly callees: Local[];
  /** Calls the global `error`, which may want to know the caller's line. */
  callsError: boolean;
}

export type Expression =
  | { readonly kind: 'nil' | 'true' | 'false' | 'varargs'; readonly line: number }
  | { readonly kind: 'number'; readonly line: number; readonly value: number }
  | { readonly kind: 'string'; readonly line: number; readonly value: string }
  | {
      readonly kind: 'local';
      readonly line: number;
      readonly local: Local;
      readonly isUpvalue: boolean;
    }
  | { readonly kind: 'global'; readonly line: number; readonly name: string }
  | {
      readonly kind: 'index';
      readonly line: number;
      readonly object: Expression;
      readonly key: Expression;
    }
  | CallExpression
  | { readonly kind: 'function'; readonly line: number; readonly body: FunctionBody }
  | {
      readonly kind: 'binary';
      readonly line: number;
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: 'unary';
      readonly line: number;
      readonly operator: string;
      readonly operand: Expression;
    }
  | { readonly kind: 'parentheses'; readonly line: number; readonly inner: Expression }
  | {
      readonly kind: 'table';
      readonly line: number;
      /** key null: the next item. */
      readonly fields: { readonly key: Expression | null; readonly value: Expression }[];
    };

export interface CallExpression {
  readonly kind: 'call';
  readonly line: number;
  /** Function, or the object when `method` is there. */
  readonly callee: Expression;
  readonly method: string | null;
  readonly args: Expression[];
}

export type Statement =
  | { readonly kind: 'local'; readonly locals: Local[]; readonly values: Expression[] }
  | { readonly kind: 'localFunction'; readonly local: Local; readonly body: FunctionBody }
  | {
      readonly kind: 'assign';
      readonly line: number;
      readonly targets: Expression[];
      readonly values: Expression[];
    }
  | { readonly kind: 'call'; readonly call: CallExpression }
  | { readonly kind: 'do'; readonly block: Statement[] }
  | { readonly kind: 'while'; readonly condition: Expression; readonly block: Statement[] }
  | { readonly kind: 'repeat'; readonly condition: Expression; readonly block: Statement[] }
  | {
      readonly kind: 'if';
      readonly branches: { readonly condition: Expression; readonly block: Statement[] }[];
      readonly otherwise: Statement[] | null;
    }
  | {
      readonly kind: 'numericFor';
      readonly line: number;
      readonly local: Local;
      readonly start: Expression;
      readonly limit: Expression;
      readonly step: Expression | null;
      readonly block: Statement[];
    }
  | {
      readonly kind: 'genericFor';
      readonly line: number;
      readonly locals: Local[];
      readonly values: Expression[];
      readonly block: Statement[];
    }
  | { readonly kind: 'return'; readonly line: number; readonly values: Expression[] }
  | { readonly kind: 'break' };
