/** The options that give a deadline, of HGETEX and HSETEX. */
export const TIME_WORDS: readonly TimeWord[] = [
  { name: 'EX', unitMs: 1000, isRelative: true },
  { name: 'PX', unitMs: 1, isRelative: true },
  { name: 'EXAT', unitMs: 1000, isRelative: false },
  { name: 'PXAT', unitMs: 1, isRelative: false },
];

export interface TimeWord {
  readonly name: string;
  readonly unitMs: number;
  readonly isRelative: boolean;
}
