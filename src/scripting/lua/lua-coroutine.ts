import type { LuaFunction, LuaResult, LuaValue } from './lua-value.ts';

/** A coroutine: the generator of its function. */
export class LuaCoroutine {
  status: 'suspended' | 'running' | 'normal' | 'dead';
  readonly body: LuaFunction;
  /** null before the first resume. */
  steps: Generator<unknown, LuaResult, LuaValue[]> | null;
  /** Calls across which it may not yield: pcall and the like. */
  boundaryCount: number;

  constructor(body: LuaFunction) {
    this.status = 'suspended';
    this.body = body;
    this.steps = null;
    this.boundaryCount = 0;
  }

  get luaType(): string {
    return 'thread';
  }
}
