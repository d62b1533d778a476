const KIB = 1024;
const MIB = 1024 * KIB;

/** Every bound that is not a setting. A number of this kind anywhere else is a defect. */
export const LIMITS = {
  /** proto-max-bulk-len's default; also the longest string value. */
  bulkBytesMax: 512 * MIB,
  /** Arguments of one command, as in Redis; what bounds them in practice is queryBytesMax. */
  argumentCountMax: 2 ** 31 - 1,
  /** client-query-buffer-limit's default: input of one connection that is not executed yet. */
  queryBytesMax: 1024 * MIB,
  inlineBytesMax: 64 * KIB,
  /** Before login. */
  unauthenticatedArgumentCountMax: 10,
  unauthenticatedBulkBytesMax: 16_384,
  unauthenticatedQueryBytesMax: MIB,
  /** Replies that a stranger does not read. */
  unauthenticatedOutputBytesMax: 64 * KIB,
  /** A connection turn ends after so many commands, or so many reply bytes. */
  turnCommandCountMax: 1_000,
  turnReplyBytesMax: 256 * KIB,
  /** Or so much time, looked at every 64 commands: code that is not yet compiled is slow. */
  turnMs: 0.75,
  /** Reads of many commands are executed for so long in one loop turn; the rest is suspended. */
  longTurnsMs: 2,
  /** Suspended connections go on for so long before sockets are read again. */
  suspendedTurnsMs: 1.5,
  /**
   * A client with so many reply bytes unread is neither read nor served until it has read them.
   * High, because many clients send a whole pipeline before they read: below it they would wait for
   * us, and we for them.
   */
  outputBytesHigh: 64 * MIB,
  /**
   * Replies to a client that reads slowly are gathered up to this size before they are handed on.
   */
  outboxBytesKept: 64 * KIB,
  /** A client that is being closed has so long to read its last replies. */
  closingMs: 10_000,
  /**
   * Open files kept for the node itself, and in a cluster for links to others: clients and HTTP
   * connections are the rest at most.
   */
  reservedFileCount: 32,
  reservedLinkCount: 128,
  /** Failed accepts are told in one log line in so long. */
  acceptErrorLineMs: 10_000,
  /** Log lines of one action that outsiders cause: so many at once, then one in so long. */
  pacedLineBurst: 20,
  pacedLineMs: 1_000,
  correlationIdBytesMax: 128,
  /** Names that an audit line tells of one command. */
  auditedNamesMax: 32,
  /** A port that was bound for a change which never came is closed after so long. */
  preparedPortMs: 30_000,
  /** Failed logins of one address that cost nothing, then the delays of the next attempts. */
  freeLoginFailureCount: 5,
  loginDelayMsMin: 50,
  loginDelayMsMax: 2_000,
  loginAddressCountMax: 10_000,
  /** A failed login is forgotten after so long without another. */
  loginMemoryMs: 60_000,
  /** Of a request line and its headers together; a key in an address is part of it. */
  httpHeaderBytesMax: 32 * KIB,
  /** A request's headers, and all of it, must have come by then. */
  httpHeadersMs: 15_000,
  httpRequestMs: 120_000,
  /** A connection without a request is closed after so long. */
  httpKeepAliveMs: 75_000,
  /** Addresses whose requests are counted where there is a rate limit. */
  httpRatedAddressCountMax: 10_000,
  /** How often a request that waits for the end of CLIENT PAUSE looks. */
  httpPauseLookMs: 20,
  /** Items of one batch request. */
  httpBatchItemCountMax: 1_000,
  /** Elements of a collection that one answer holds, unless asked for fewer. */
  httpElementCountMax: 10_000,
  /** Longer strings are answered as bytes only; of a batch all together. */
  httpJsonValueBytesMax: 64 * MIB,
  /** A reply that a console may show; a page that has more in it is of use to nobody. */
  httpConsoleReplyBytesMax: 16 * MIB,
  /** Between two events of a stream of them, and how many one stream has: then the login is old. */
  httpEventMs: 1_000,
  httpEventCountMax: 60,
  /** The last lines of the log, kept for who looks at them live. */
  logLinesKeptMax: 256,
  logLineKeptCharsMax: 16_384,
  /** Arrays and objects within one another, in a value. */
  jsonDepthMax: 1_000,
  /** How much of a client's text an error reply may repeat. */
  echoedBytesMax: 128,
  /** Keys of a pipeline whose memory is fetched ahead at once. */
  warmedKeyCountMax: 16,
  /** Fewer than that are found as quickly one by one. */
  warmedKeyCountMin: 3,
  /** Reads of up to so many bytes wait for the end of the loop turn, to be executed together. */
  gatheredReadBytesMax: 8 * KIB,
  /** All that are gathered in one loop turn. */
  gatheredBytesMax: 256 * KIB,
  /** Longer reads may hold many commands: the time that they take is measured. */
  shortReadBytesMax: 1024,
  gatheredReadCountMax: 1_000,
  /** Bytes read from a socket at once. */
  readBufferBytes: 64 * KIB,
  /** A reply buffer that grew past this is given back after the turn. */
  replyBufferBytesKept: 256 * KIB,
  databaseCountMax: 16_384,
  /** A log that could not be written is tried again after so long. */
  logRetryMs: 1_000,
  /** Policy everysec. */
  logSyncPeriodMs: 1_000,
  /** Policy always: what comes while a sync is under way is written after it, up to so much. */
  logHeldBytesMax: MIB,
  /** A sync that takes longer, or so much that waits for one, makes writers wait. */
  logSlowSyncMs: 2_000,
  logUnsyncedBytesMax: 64 * MIB,
  /** Members that SRANDMEMBER and its kin return at most when they may repeat themselves. */
  repeatedMembersMax: 100_000_000,
  /** A block above this has a buffer of its own. */
  sharedBlockBytesMax: MIB,
  /**
   * Most that one database may hold in shared segments: of 28 GiB that addresses reach, what is
   * left when an eighth is free and the small segments of the beginning are still there.
   */
  addressableBytesMax: 22 * 1024 * MIB,
  /** What a block above that has to spare, so that its key may get longer or have a deadline. */
  hugeSpareBytes: 256,
  segmentBytesMin: 64 * KIB,
  segmentBytesMax: 16 * MIB,
  /** Idle segments given back to the system in one second. */
  segmentsReleasedAtOnce: 4,
  /** One slice of background work: expiry, compaction, eviction; while no client sends anything. */
  sliceMs: 1,
  /** The same while some do: none of them waits for longer. */
  busySliceMs: 0.2,
  sliceEntryCount: 1_000,
  /** The same while a store holds more than its limit, which was lowered. */
  shrinkingSliceMs: 0.4,
  /** What a store gets of a slice at least, when many have work. */
  slicePartMsMin: 0.1,
  /** What eviction in the background keeps free at most. */
  headroomBytesMax: 4 * MIB,
  /** One message between nodes; a command of a client fits whole. */
  messageBytesMax: 1025 * MIB,
  /** Of it, what it carries: commands, changes, keys. */
  carriedBytesMax: 1024 * MIB,
  /** Greetings of nodes that are not known yet. */
  greetingBytesMax: 4 * KIB,
  /** Such a greeting must have come by then, and its answer. */
  greetingMs: 2_000,
  /** Connections that other nodes opened here, and those of them that did not greet yet. */
  linkCountMax: 1_000,
  linkStrangerCountMax: 64,
  /** What waits for one peer, but for the longest message: beyond it nothing more is sent to it. */
  linkQueueBytesMax: 64 * MIB,
  /** A longer message is sent in parts of so much, between which urgent ones go. */
  linkPartBytes: 256 * KIB,
  /** Urgent ones that wait for one peer. */
  linkUrgentBytesMax: MIB,
  /** What was sent to a peer and not read there yet: so much, then it must give credit. */
  linkWindowBytes: 8 * MIB,
  /** What a link's socket holds at most before it takes more. */
  linkSocketBytesMax: MIB,
  linkDialMsMin: 100,
  linkDialMsMax: 1_000,
  linkHeartbeatMs: 150,
  /** A peer of whom nothing was heard for so long may be busy: its gossip is asked. */
  linkQuietMs: 500,
  /** A peer of whom nothing was heard for so long is silent. */
  linkSilenceMs: 1_000,
  /** Its links are then closed and opened anew: TCP waits ever longer before it tries again. */
  linkGiveUpMs: 3_000,
  /** A link whose counterpart has not come is closed and opened anew. */
  linkAloneMs: 10_000,
  /** Nodes tell each other whom they hear, at once when that changes and so often otherwise. */
  viewPeriodMs: 500,
  /** Whom no link reaches, though its gossip says that it is only busy, is down after so long. */
  viewBusyMs: 10_000,
  /** A node that is to join others, and meets none, goes on alone after so long. */
  viewAloneMs: 3_000,
  /** Where several nodes meet and none holds data, the first one begins after so long. */
  viewBootstrapMs: 1_000,
  /** A node that others hear and this one does not is nothing to tell of before so long. */
  viewMissingMs: 2_000,
  /** A node whose gossip lives, and with which there is no link, is told of this one so often. */
  viewMeetMs: 3_000,
  clusterNodeCountMax: 1_000,
  /** A node that starts waits so long for others to answer; one that stops, to take over. */
  clusterJoinMs: 1_000,
  clusterLeaveMs: 3_000,
  /** And so long at least: what was on its way to it must come and be answered. */
  clusterStayMs: 400,
  /** An answer over HTTP waits so long for another node to have what it tells of. */
  httpReplicatedMs: 250,
  /** So long a command waits for the nodes to agree who executes it. */
  forwardMsMax: 3_000,
  /** Until it is tried again, unless something changes before. */
  forwardRetryMs: 20,
  /** What a client's commands that other nodes have not answered may be: it is not read beyond. */
  forwardedCountMax: 2_048,
  forwardedBytesMax: MIB,
  /** Commands of one client go in messages of so many bytes, and more for a longer one. */
  forwardedMessageBytes: 256 * KIB,
  /** Replies that wait to go to another node, and all else that does: its commands wait beyond. */
  proxiedReplyBytesMax: 8 * MIB,
  /** Longer scripts of EVAL are not told to other nodes. */
  sharedScriptBytesMax: 64 * KIB,
  /** Nodes whose clocks differ by more are not linked. */
  clockSkewMsMax: 500,
  /** A new owner waits so long for the one before to hand over. */
  handOverMs: 1_000,
  /** A write that no majority has by then is answered with an error. */
  quorumMs: 1_000,
  /** How long changes wait for more, soon after others, where nobody waits for them. */
  streamPaceMs: 1,
  /** What another node sent is acknowledged so often, unless it asks. */
  acknowledgeMs: 20,
  /** Nodes that have not acknowledged all of a stream are told so often where it stands. */
  streamTellMs: 500,
  /** Keys that a replica asks for one by one, before it compares all of the store instead. */
  fetchedKeyCountMax: 10_000,
  /** A key that was asked for and does not come: then too. */
  fetchMs: 3_000,
  /** Stamps of single fields and members, while some member of the cluster is not reached. */
  elementStampBytesMax: 64 * MIB,
  /** Changes of the last seconds that are remembered in case it turns out that one is not. */
  elementRecentBytesMax: 4 * MIB,
  elementRecentMs: 3_000,
  /** They are forgotten when all have been reached again for so long. */
  elementKeptMs: 30_000,
  /** Repair: messages of about that size, and so much of it in a link's queue. */
  repairMessageBytes: 64 * KIB,
  repairQueueBytesMax: 4 * MIB,
  /** How often a replica compares itself with the owner; up to a quarter more, by chance. */
  repairCheckMs: 10_000,
  /** A repair that hears nothing is begun anew after so long. */
  repairSilenceMs: 5_000,
  /** A deletion is remembered for so long at least, and when a member is missing at most. */
  tombstoneMsMin: 60_000,
  tombstoneMsMax: 3_600_000,
  /** Half of the time in which the access bits of policy `session` wrap. */
  sessionGraceMsMax: 4_194_303_000,
  /** Messages of one packet of the gossip, and what one that is packed may unpack to. */
  gossipMessageCountMax: 1_024,
  gossipUnpackedBytesMax: 256 * KIB,
  /** A state exchange; connections for it at the same time, and how long one may take. */
  gossipStreamBytesMax: 16 * MIB,
  gossipStreamCountMax: 64,
  gossipStreamMs: 10_000,
  /** Names that are remembered, those that left or failed included. */
  gossipMemberCountMax: 2_048,
  /** News that wait to be passed on; the most often told ones go first. */
  gossipQueueCountMax: 4_096,
  /** Of an event that is sent, and of one that another sends; of a query, and of a response. */
  gossipEventBytesMax: 512,
  gossipForeignEventBytesMax: 9 * KIB,
  gossipQueryBytesMax: KIB,
  gossipTagBytesMax: 512,
  /** Queries that wait for answers at the same time. */
  gossipQueryCountMax: 256,
} as const;
