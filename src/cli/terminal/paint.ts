import type { Host } from '../../base/world.ts';

/** What a piece of text means; how that looks is decided here alone. */
export type Meaning = 'good' | 'notice' | 'warning' | 'bad' | 'quiet' | 'head';

/** Text as it is printed: with colours where a person sees them. */
export type Paint = (meaning: Meaning, text: string) => string;

/** @source ECMA-48, Select Graphic Rendition */
const CODES: Readonly<Record<Meaning, number>> = {
  good: 32,
  notice: 36,
  warning: 33,
  bad: 31,
  quiet: 2,
  head: 1,
};

/**
 * Colours on a terminal, unless NO_COLOR says otherwise; FORCE_COLOR wants them anywhere.
 * @source https://no-color.org
 */
export function createPaint({ environment, isOutTerminal }: Host): Paint {
  const { FORCE_COLOR: forced = '', NO_COLOR: unwanted = '', TERM: terminal } = environment;
  const isForced = forced !== '' && forced !== '0';
  const isColoured = isForced || (isOutTerminal && unwanted === '' && terminal !== 'dumb');
  if (!isColoured) return (_meaning, text) => text;
  return (meaning, text) => (text === '' ? '' : `\x1b[${CODES[meaning]}m${text}\x1b[0m`);
}
