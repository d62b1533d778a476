import { ERRORS } from '../../src/protocol/error-table.ts';

/**
 * Errors that a client may be sent: the rows of the error table, and texts with a part that varies.
 * Anything else that a fuzzed server answers is a find.
 */
const ROWS: ReadonlySet<string> = new Set(Object.values(ERRORS).map((row) => row.text));

/** `*` stands for what a client sent, or for a name or number of ours. */
const TEMPLATES: readonly string[] = [
  "ERR Protocol error: expected '$', got '*'",
  "ERR unknown command '*', with args beginning with: *",
  "ERR unknown subcommand '*'. Try * HELP.",
  "ERR unknown subcommand or wrong number of arguments for '*'. Try * HELP.",
  "ERR Unknown subcommand or wrong number of arguments for '*'. Try * HELP.",
  "ERR wrong number of arguments for '*' command",
  "ERR invalid expire time in '*' command",
  "ERR Unknown client type '*'",
  "ERR No such user '*'",
  "ERR Syntax error in HELLO option '*'",
  "ERR Unrecognized option '*'",
  'ERR Unsupported option *',
  "ERR Can't execute '*': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET *",
  'ERR * cannot contain spaces, newlines or special characters.',
  'ERR Client names cannot contain *',
  'ERR AUTH <password> called without any password configured *',
  'ERR CLIENT CACHING can be called only when *',
  'ERR Client tracking is not available *',
  'ERR CLIENT PAUSE mode must be WRITE or ALL',
  'ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR',
  'ERR Invalid client ID',
  'ERR No such client',
  'ERR client-id should be greater than 0',
  'ERR MULTI calls can not be nested',
  'ERR WATCH inside MULTI is not allowed',
  'ERR EXEC without MULTI',
  'ERR DISCARD without MULTI',
  'ERR Command not allowed inside a transaction',
  'ERR Protocol version is not an integer or out of range',
  'EXECABORT Transaction discarded because of*',
  'NOPROTO unsupported protocol version',
  'WRONGPASS invalid username-password pair or user is disabled.',
  'NOAUTH HELLO must be called with the client already authenticated, *',
];

const PATTERNS = TEMPLATES.map((template) => {
  const parts = template.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('[\\s\\S]*')}$`);
});

export function isKnownError(text: string): boolean {
  return ROWS.has(text) || PATTERNS.some((pattern) => pattern.test(text));
}

/** The text without what varies in it: for counting. */
export function errorClass(text: string): string {
  return text.replace(/'[\s\S]*'/, "'…'").slice(0, 70);
}
