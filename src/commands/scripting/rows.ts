import type { CommandRow } from '../command-row.ts';
import {
  evalCommand,
  evalRoCommand,
  evalshaCommand,
  evalshaRoCommand,
  fcallCommand,
  fcallRoCommand,
} from './evaluate.ts';
import { functionCommand } from './function.ts';
import { scriptCommand } from './script.ts';

export const SCRIPTING_COMMANDS: readonly CommandRow[] = [
  evalCommand,
  evalRoCommand,
  evalshaCommand,
  evalshaRoCommand,
  fcallCommand,
  fcallRoCommand,
  functionCommand,
  scriptCommand,
];
