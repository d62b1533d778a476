/** One error reply: the text after '-', without CR LF, and its encoded line. */
export interface ErrorRow {
  readonly text: string;
  readonly bytes: Uint8Array;
}

/** @param text  one char per byte, no CR or LF */
export function errorRow(text: string): ErrorRow {
  return { text, bytes: Buffer.from(`-${text}\r\n`, 'latin1') };
}

const row = errorRow;

/** Every constant error reply. Wording is Redis' own where Redis has one. */
export const ERRORS = {
  syntax: row('ERR syntax error'),
  notInteger: row('ERR value is not an integer or out of range'),
  notFloat: row('ERR value is not a valid float'),
  outOfRangePositive: row('ERR value is out of range, must be positive'),
  indexOutOfRange: row('ERR index out of range'),
  wrongType: row('WRONGTYPE Operation against a key holding the wrong kind of value'),
  correlationId: row(
    'ERR A correlation id is at most 128 printable ASCII characters without blanks',
  ),
  noSuchKey: row('ERR no such key'),
  busyKey: row('BUSYKEY Target key name already exists.'),
  restoreTtl: row('ERR Invalid TTL value, must be >= 0'),
  restoreIdleTime: row('ERR Invalid IDLETIME value, must be >= 0'),
  restoreFrequency: row('ERR Invalid FREQ value, must be >= 0 and <= 255'),
  restorePayload: row('ERR DUMP payload version or checksum are wrong'),
  restoreFormat: row('ERR Bad data format'),
  outOfMemory: row("OOM command not allowed when used memory > 'maxmemory'."),
  loading: row('LOADING Redis is loading the dataset in memory'),
  monitorKeyspace: row("ERR Replica can't interact with the keyspace"),
  notOwned: row('TRYAGAIN The nodes of the cluster do not agree yet who executes this command'),
  ownerLost: row(
    'ERR The node that executed this command was lost before it answered: ' +
      'whether the command was done is not known',
  ),
  quorumUnknown: row(
    'ERR The command was done, but no majority of the nodes has it in time: ' +
      'whether it stays is not known',
  ),
  notHere: row(
    'ERR Another node of the cluster executes this command, and this caller cannot wait',
  ),
  noAuth: row('NOAUTH Authentication required.'),
  multibulkLength: row('ERR Protocol error: invalid multibulk length'),
  multibulkLengthUnauthenticated: row('ERR Protocol error: unauthenticated multibulk length'),
  multibulkLengthTooLong: row('ERR Protocol error: too big mbulk count string'),
  bulkLength: row('ERR Protocol error: invalid bulk length'),
  bulkLengthUnauthenticated: row('ERR Protocol error: unauthenticated bulk length'),
  bulkLengthTooLong: row('ERR Protocol error: too big bulk count string'),
  inlineTooLong: row('ERR Protocol error: too big inline request'),
  inlineQuotes: row('ERR Protocol error: unbalanced quotes in request'),
  incrementOverflow: row('ERR increment or decrement would overflow'),
  decrementOverflow: row('ERR decrement would overflow'),
  incrementNotFinite: row('ERR increment would produce NaN or Infinity'),
  offsetOutOfRange: row('ERR offset is out of range'),
  stringTooLong: row('ERR string exceeds maximum allowed size (proto-max-bulk-len)'),
  lcsNotStrings: row('ERR The specified keys must contain string values'),
  lcsAmbiguous: row('ERR If you want both the length and indexes, please just use IDX.'),
  lcsTooLarge: row('ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len'),
  bitOffset: row('ERR bit offset is not an integer or out of range'),
  bitValue: row('ERR bit is not an integer or out of range'),
  bitArgument: row('ERR The bit argument must be 1 or 0.'),
  bitopNotOneSource: row('ERR BITOP NOT must be called with a single source key.'),
  bitfieldType: row(
    'ERR Invalid bitfield type. Use something like i16 u8. ' +
      'Note that u64 is not supported but i64 is.',
  ),
  bitfieldOverflow: row('ERR Invalid OVERFLOW type specified'),
  bitfieldReadOnly: row('ERR BITFIELD_RO only supports the GET subcommand'),
  hllWrongType: row('WRONGTYPE Key is not a valid HyperLogLog string value.'),
  hllCorrupt: row('INVALIDOBJ Corrupted HLL object detected'),
  hllNotSparse: row('ERR HLL encoding is not sparse'),
  hllNoKey: row('ERR The specified key does not exist'),
  keyCountNotPositive: row('ERR numkeys should be greater than 0'),
  countNotPositive: row('ERR count should be greater than 0'),
  valueOutOfRange: row('ERR value is out of range'),
  notInt64Symmetric: row(
    'ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807',
  ),
  scoreNotNumber: row('ERR resulting score is not a number (NaN)'),
  zaddNxXx: row('ERR XX and NX options at the same time are not compatible'),
  zaddGtLtNx: row('ERR GT, LT, and/or NX options at the same time are not compatible'),
  zaddIncrPairs: row('ERR INCR option supports a single increment-element pair'),
  rangeNotFloat: row('ERR min or max is not a float'),
  rangeNotMember: row('ERR min or max not valid string range item'),
  zrangeLimit: row(
    'ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX',
  ),
  zrangeWithScores: row('ERR syntax error, WITHSCORES not supported in combination with BYLEX'),
  weightNotFloat: row('ERR weight value is not a float'),
  limitNegative: row("ERR LIMIT can't be negative"),
  geoUnit: row('ERR unsupported unit provided. please use M, KM, FT, MI'),
  geoRadius: row('ERR need numeric radius'),
  geoRadiusNegative: row('ERR radius cannot be negative'),
  geoWidth: row('ERR need numeric width'),
  geoHeight: row('ERR need numeric height'),
  geoBoxNegative: row('ERR height or width cannot be negative'),
  geoNoMember: row('ERR could not decode requested zset member'),
  countAboveZero: row('ERR COUNT must be > 0'),
  geoAny: row('ERR the ANY argument requires COUNT argument'),
  geoSearchStoreWith: row(
    'ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options',
  ),
  geoRadiusStoreWith: row(
    'ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options',
  ),
  sortByDenied: row('ERR BY option of SORT denied due to insufficient ACL permissions.'),
  sortGetDenied: row('ERR GET option of SORT denied due to insufficient ACL permissions.'),
  sortNotDouble: row("ERR One or more scores can't be converted into double"),
  notInt32: row('ERR value is out of range, value must between -2147483648 and 2147483647'),
  storeDropped: row('NOSTORE The store was dropped'),
  storeInTransaction: row('ERR SELECT of another store is not allowed inside a transaction'),
  storeInScript: row('ERR SELECT of another store is not allowed in a script'),
  noFilter: row('ERR This store keeps no filter: see cache.cuckoo_filter'),
  databaseOutOfRange: row('ERR DB index is out of range'),
  sameObject: row('ERR source and destination objects are the same'),
  expireNxConflict: row('ERR NX and XX, GT or LT options at the same time are not compatible'),
  expireGtLtConflict: row('ERR GT and LT options at the same time are not compatible'),
  invalidCursor: row('ERR invalid cursor'),
  timeoutNotInteger: row('ERR timeout is not an integer or out of range'),
  timeoutNotFloat: row('ERR timeout is not a float or out of range'),
  blockedKeyGone: row('UNBLOCKED the stream key no longer exists'),
  unblocked: row('UNBLOCKED client unblocked via CLIENT UNBLOCK'),
  timeoutNegative: row('ERR timeout is negative'),
  lfuNotSelected: row(
    'ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that ' +
      'when switching between policies at runtime LRU and LFU data will take some time to adjust.',
  ),
  lfuSelected: row(
    'ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when ' +
      'switching between policies at runtime LRU and LFU data will take some time to adjust.',
  ),
  idleTimeNotKept: row(
    'ERR The eviction policy in force keeps the order of keys, not their idle times: idle time ' +
      'not tracked',
  ),
  getkeysNoCommand: row('ERR Invalid command specified'),
  getkeysNoKeys: row('ERR The command has no key arguments'),
  getkeysArity: row('ERR Invalid number of arguments specified for command'),
  getkeysArguments: row('ERR Invalid arguments specified for command'),
  invalidFirstDatabase: row('ERR invalid first DB index'),
  invalidSecondDatabase: row('ERR invalid second DB index'),
  slowlogCount: row('ERR count should be greater than or equal to -1'),
  noScript: row('NOSCRIPT No matching script. Please use EVAL.'),
  busyScript: row(
    'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
  ),
  busyFunction: row(
    'BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.',
  ),
  noShutdown: row('ERR No shutdown in progress.'),
  replicaofRefused: row('ERR This node follows no other server: REPLICAOF is not available'),
  moduleNotAllowed: row(
    'ERR MODULE command not allowed. If the enable-module-command option is set to "local", ' +
      'you can run it from a local connection, otherwise you need to set this option in the ' +
      'configuration file, and then restart the server.',
  ),
  /** A failure that only the log tells of. */
  bare: row('ERR'),
  saveInProgress: row('ERR Background save already in progress'),
  saveMustWait: row(
    "ERR Another child process is active (AOF?): can't BGSAVE right now. " +
      'Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible.',
  ),
  rewriteInProgress: row('ERR Background append only file rewriting already in progress'),
  rewriteFailed: row(
    "ERR Can't execute an AOF background rewriting. " +
      'Please check the server logs for more information.',
  ),
  outOfRangeOne: row('ERR value is out of range, value must between 0 and 1'),
  waitaofNoLog: row('ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.'),
  saveFailing: row(
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to " +
      'disk. Commands that may modify the data set are disabled, because this instance is ' +
      'configured to report errors during writes if RDB snapshotting fails ' +
      '(stop-writes-on-bgsave-error option). Please check the Redis logs for details about the ' +
      'RDB error.',
  ),
  saveFailingScript: row(
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to " +
      "disk. Writable scripts are blocked. Use 'no-writes' flag for read only scripts.",
  ),
  noModules: row('ERR Error loading the extension. Please check the server logs.'),
  debugNotAllowed: row(
    'ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", ' +
      'you can run it from a local connection, otherwise you need to set this option in the ' +
      'configuration file, and then restart the server.',
  ),
  hashNoFields: row('ERR Mandatory argument FIELDS is missing or not at the right position'),
  hashCountMismatch: row('ERR The `numfields` parameter must match the number of arguments'),
  hashCountPositive: row('ERR Number of fields must be a positive integer'),
  hashCountAboveZero: row('ERR Parameter `numFields` should be greater than 0'),
  hashNegativeTime: row('ERR invalid expire time, must be >= 0'),
  hashNotInteger: row('ERR hash value is not an integer'),
  hashNotFinite: row('ERR value is NaN or Infinity'),
  hashNotFloat: row('ERR hash value is not a float'),
  hashOneTime: row('ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified'),
  hashOneCondition: row('ERR Only one of FXX or FNX arguments can be specified'),
  hashNoTime: row('ERR missing expire time'),
  hashFieldCount: row('ERR invalid number of fields'),
  hashWrongNumber: row("ERR wrong number of arguments for 'hsetex' command"),
  listRankZero: row(
    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use " +
      'negative to start from the end of the list',
  ),
  listCountNegative: row("ERR COUNT can't be negative"),
  listMaxlenNegative: row("ERR MAXLEN can't be negative"),
  tooManyKeys: row("ERR Number of keys can't be greater than number of args"),
  streamInvalidId: row('ERR Invalid stream ID specified as stream command argument'),
  streamInvalidStart: row('ERR invalid start ID for the interval'),
  streamInvalidEnd: row('ERR invalid end ID for the interval'),
  streamTwoStrategies: row(
    'ERR syntax error, MAXLEN and MINID options at the same time are not compatible',
  ),
  streamMaxlenNegative: row('ERR The MAXLEN argument must be >= 0.'),
  streamLimitNegative: row('ERR The LIMIT argument must be >= 0.'),
  streamLimitWithoutStrategy: row(
    'ERR syntax error, LIMIT cannot be used without specifying a trimming strategy',
  ),
  streamLimitWithoutTilde: row(
    'ERR syntax error, LIMIT cannot be used without the special ~ option',
  ),
  streamNoStrategy: row('ERR syntax error, XTRIM must be called with a trimming strategy'),
  streamArity: row("ERR wrong number of arguments for 'xadd' command"),
  streamIdZeroGiven: row('ERR The ID specified in XADD must be greater than 0-0'),
  streamIdTooSmall: row(
    'ERR The ID specified in XADD is equal or smaller than the target stream top item',
  ),
  streamExhausted: row(
    'ERR The stream has exhausted the last possible ID, unable to add more items',
  ),
  streamTooLarge: row('ERR Elements are too large to be stored'),
  streamIdleMinClaim: row('ERR Invalid min-idle-time argument for XCLAIM'),
  streamIdleMinAutoclaim: row('ERR Invalid min-idle-time argument for XAUTOCLAIM'),
  streamIdle: row('ERR Invalid IDLE option argument for XCLAIM'),
  streamTime: row('ERR Invalid TIME option argument for XCLAIM'),
  streamRetrycount: row('ERR Invalid RETRYCOUNT option argument for XCLAIM'),
  streamNoKey: row(
    'ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to ' +
      'use the MKSTREAM option to create an empty stream automatically.',
  ),
  streamBusy: row('BUSYGROUP Consumer Group name already exists'),
  streamEntriesRead: row('ERR value for ENTRIESREAD must be positive or -1'),
  streamUnbalanced: row(
    'ERR Unbalanced XREAD list of streams: for each stream key an ID or ' +
      "'$' must be specified.",
  ),
  streamGroupRefused: row(
    'ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.',
  ),
  streamNoackRefused: row(
    'ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.',
  ),
  streamNoGroupOption: row('ERR Missing GROUP option for XREADGROUP'),
  streamDollarRefused: row(
    'ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of ' +
      'this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID ' +
      'would just return an empty result set.',
  ),
  streamNewRefused: row(
    'ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> ' +
      '<consumer> option.',
  ),
  streamGroupGone: row('NOGROUP the consumer group this client was blocked on no longer exists'),
  streamAddedNegative: row('ERR entries_added must be positive'),
  streamBelowDeleted: row(
    'ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id',
  ),
  streamBelowTop: row('ERR The ID specified in XSETID is smaller than the target stream top item'),
  streamBelowLength: row(
    'ERR The entries_added specified in XSETID is smaller than the target stream length',
  ),
  clusterDisabled: row('ERR This instance has cluster support disabled'),
  clusterSlot: row('ERR Invalid slot'),
  clusterKeys: row('ERR Invalid slot or number of keys'),
  clusterNotMaster: row('ERR The specified node is not a master'),
  clusterForgetSelf: row("ERR I tried hard but I can't forget myself..."),
  clusterForgetLive: row('ERR The node lives: stop it first'),
  clusterSlotsFollow: row(
    'ERR Slots follow from the nodes of the cluster: they cannot be given or taken',
  ),
  clusterOwnersFollow: row(
    'ERR Owners follow from the nodes of the cluster: stop a node to have others take over',
  ),
  clusterReset: row('ERR A node leaves the cluster when it is stopped'),
  clusterSelect: row('ERR SELECT is not allowed in cluster mode'),
  clusterMove: row('ERR MOVE is not allowed in cluster mode'),
  clusterCopy: row('ERR Copying to another database is not allowed in cluster mode'),
  clusterSwapdb: row('ERR SWAPDB is not allowed in cluster mode'),
  clusterCrossSlot: row("CROSSSLOT Keys in request don't hash to the same slot"),
  scriptForeignKey: row('ERR Script attempted to access a non local key in a cluster node'),
  clusterUnserved: row('CLUSTERDOWN Hash slot not served'),
} as const;
