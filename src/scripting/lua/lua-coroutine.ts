import type { LuaFunction, LuaSteps } from './lua-value.ts';

/** A coroutine: the generator of its function. */
export class LuaCoroutine {
  status: 'suspended' | 'running' | 'normal' | 'dead';
  readonly body: LuaFunction;
  /** null before the first resume. */
  steps: LuaSteps | null;
  /** Calls across which it may not yield: pcall and the like. */
  boundaryCount: number;
  /** Bytes of stack that it takes when it goes on. */
  stackBytes: number;

  constructor(body: LuaFunction) {
    this.status = 'suspended';
    this.body = body;
    this.steps = null;
    this.boundaryCount = 0;
    this.stackBytes = 0;
  }

  get luaType(): string {
    return 'thread';
  }
}
