import type { CommandRow } from '../command-row.ts';
import { aclCommand } from './acl.ts';

export const ACL_COMMANDS: readonly CommandRow[] = [aclCommand];
