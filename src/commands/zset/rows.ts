import type { CommandRow } from '../command-row.ts';
import { zaddCommand, zincrbyCommand } from './zadd.ts';
import {
  zdiffCommand,
  zdiffstoreCommand,
  zinterCommand,
  zintercardCommand,
  zinterstoreCommand,
  zunionCommand,
  zunionstoreCommand,
} from './zcombine.ts';
import { zcountCommand, zlexcountCommand } from './zcount.ts';
import { bzmpopCommand, bzpopmaxCommand, bzpopminCommand, zmpopCommand } from './zmpop.ts';
import { zpopmaxCommand, zpopminCommand } from './zpopmin.ts';
import { zrandmemberCommand } from './zrandmember.ts';
import {
  zrangebylexCommand,
  zrangebyscoreCommand,
  zrangeCommand,
  zrevrangebylexCommand,
  zrevrangebyscoreCommand,
  zrevrangeCommand,
} from './zrange.ts';
import { zrangestoreCommand } from './zrangestore.ts';
import { zrankCommand, zrevrankCommand } from './zrank.ts';
import { zremCommand } from './zrem.ts';
import {
  zremrangebylexCommand,
  zremrangebyrankCommand,
  zremrangebyscoreCommand,
} from './zremrange.ts';
import { zscanCommand } from './zscan.ts';
import { zcardCommand, zmscoreCommand, zscoreCommand } from './zscore.ts';

export const ZSET_COMMANDS: readonly CommandRow[] = [
  zaddCommand,
  zincrbyCommand,
  zremCommand,
  zscoreCommand,
  zmscoreCommand,
  zcardCommand,
  zcountCommand,
  zlexcountCommand,
  zrankCommand,
  zrevrankCommand,
  zrangeCommand,
  zrevrangeCommand,
  zrangebyscoreCommand,
  zrevrangebyscoreCommand,
  zrangebylexCommand,
  zrevrangebylexCommand,
  zremrangebyrankCommand,
  zremrangebyscoreCommand,
  zremrangebylexCommand,
  zpopminCommand,
  zpopmaxCommand,
  zmpopCommand,
  bzpopminCommand,
  bzpopmaxCommand,
  bzmpopCommand,
  zrandmemberCommand,
  zrangestoreCommand,
  zunionCommand,
  zinterCommand,
  zdiffCommand,
  zunionstoreCommand,
  zinterstoreCommand,
  zdiffstoreCommand,
  zintercardCommand,
  zscanCommand,
];
