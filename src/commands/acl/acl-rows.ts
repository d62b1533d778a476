/** What most subcommands of ACL have in common. */
export const PLAIN_ROW = { flags: ['noscript', 'loading', 'stale'], group: 'server' } as const;

export const ADMIN_ROW = {
  ...PLAIN_ROW,
  flags: ['admin', 'noscript', 'loading', 'stale'],
} as const;
