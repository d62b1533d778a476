import type { Frame } from '../base/frame.ts';

/** Setting `rename-command`: what is kept or sent elsewhere has commands under their real names. */
export class RealNames {
  /** By the name in lower case that the settings give; null: no command has another name. */
  private readonly names: Map<string, string> | null;

  constructor(renamed: readonly { readonly from: string; readonly to: string }[]) {
    const kept = renamed.filter(({ to }) => to !== '');
    if (kept.length === 0) this.names = null;
    else this.names = new Map(kept.map(({ from, to }) => [to.toLowerCase(), from]));
  }

  /** The real name of the frame's command when the settings gave it another one, else null. */
  find(frame: Frame): string | null {
    if (this.names === null) return null;
    return this.names.get(frame.latin1(0).toLowerCase()) ?? null;
  }

  /** @param name  in upper case */
  is(frame: Frame, name: string): boolean {
    const real = this.find(frame);
    return real === null ? frame.equals(0, name) : real.toUpperCase() === name;
  }
}
