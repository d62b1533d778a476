/** What a server does to its log and its sockets, in the kernel's own words: strace's. */
import fs from 'node:fs';

export interface TracedCall {
  /** Of a call that takes a while, when it was done. Unix seconds. */
  readonly doneS: number;
  readonly startedS: number;
  readonly name: string;
  /** The path of the file, or `TCP:[...]` of a socket. */
  readonly target: string;
  readonly text: string;
}

/** The flags that make what `readTrace` reads. */
export function straceFlags(file: string): string[] {
  const calls = 'trace=write,writev,sendto,sendmsg,pwrite64,fsync,fdatasync,sync_file_range';
  return ['strace', '-f', '-qq', '-yy', '-ttt', '-s', '64', '-e', calls, '-o', file];
}

const LINE = /^(\d+) +(\d+\.\d+) (.*)$/;
const CALL = /^(\w+)\((\d+)<(.*?)>/;
const RESUMED = /^<\.\.\. (\w+) resumed>/;

/** In the order in which they were done. */
export function readTrace(file: string): TracedCall[] {
  const calls: TracedCall[] = [];
  const open = new Map<string, { startedS: number; text: string }>();
  for (const line of fs.readFileSync(file, 'latin1').split('\n')) {
    const match = LINE.exec(line);
    if (match === null) continue;
    const [, pid, time, text] = match;
    const doneS = Number(time);
    if (text.endsWith('<unfinished ...>')) {
      open.set(pid, { startedS: doneS, text });
      continue;
    }
    const begun = RESUMED.test(text) ? open.get(pid) : undefined;
    const whole = begun?.text ?? text;
    const call = CALL.exec(whole);
    if (call === null) continue;
    const [, name, , target] = call;
    calls.push({ doneS, startedS: begun?.startedS ?? doneS, name, target, text: whole });
  }
  return calls;
}

export function isSync({ name }: TracedCall): boolean {
  return name === 'fdatasync' || name === 'fsync';
}

/** Of the part of the log that is written now. */
export function isOfLog({ target }: TracedCall): boolean {
  return /\.incr\.aof/.test(target);
}

export function isReply({ target, text }: TracedCall): boolean {
  return /^(TCP|socket)/.test(target) && text.includes('+OK');
}
