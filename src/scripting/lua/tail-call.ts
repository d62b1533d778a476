import { type CallSite, NO_SITE } from './call-site.ts';
import type { LuaMachine } from './lua-machine.ts';
import type { LuaFunction, LuaResult, LuaValue } from './lua-value.ts';

/**
 * `return f(x)`: the call is left to whoever called the function that returns it, so that the stack
 * does not grow. Seen by the machine only.
 */
export class TailCall {
  readonly callee: LuaFunction;
  readonly args: LuaValue[];
  private readonly site: CallSite;
  private readonly machine: LuaMachine;

  constructor(callee: LuaFunction, args: LuaValue[], site: CallSite, machine: LuaMachine) {
    this.callee = callee;
    this.args = args;
    this.site = site;
    this.machine = machine;
  }

  /** The callee runs in the place of its caller, which messages then do not know. */
  enter(): void {
    this.machine.site = this.callee.isNative ? this.site : NO_SITE;
  }

  begin(): LuaResult {
    this.enter();
    return this.callee.plain(...this.args);
  }
}
