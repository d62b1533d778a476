import type { CommandRow } from '../command-row.ts';
import { filterCommand } from './filter.ts';

export const FILTER_COMMANDS: readonly CommandRow[] = [filterCommand];
