import type { CommandRow } from '../command-row.ts';
import { storeCommand, storesCommand } from './store.ts';

export const STORE_COMMANDS: readonly CommandRow[] = [storeCommand, storesCommand];
