import type { CommandRow } from '../command-row.ts';
import { sortCommand, sortRoCommand } from './sort.ts';

export const SORT_COMMANDS: readonly CommandRow[] = [sortCommand, sortRoCommand];
