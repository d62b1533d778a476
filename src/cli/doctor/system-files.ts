/** What Linux tells in files; elsewhere there are none, and nothing is known. */
import { NodeError } from '../../base/errors.ts';
import type { World } from '../../base/world.ts';

/** @returns null when there is none, or none that we may read */
export function readSystemText({ disk }: World, path: string): string | null {
  try {
    const bytes = disk.readFile(path);
    return bytes === null ? null : Buffer.from(bytes).toString('latin1');
  } catch (error) {
    if (error instanceof NodeError) return null;
    throw error;
  }
}

export function readSystemCount(world: World, path: string): number | null {
  const text = readSystemText(world, path)?.trim() ?? '';
  return /^\d+$/.test(text) ? Number(text) : null;
}

/** `VmSwap:     120 kB` in bytes. */
export function readSystemBytes(world: World, path: string, name: string): number | null {
  const text = readSystemText(world, path) ?? '';
  const kib = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
  return kib === undefined ? null : Number(kib) * 1024;
}

/** Whether the process is a node of ours: where the node is in a container, ids are others. */
export function isOurProcess(world: World, pid: number): boolean {
  const { host } = world;
  const command = readSystemText(world, `/proc/${pid}/cmdline`);
  if (command === null && !host.osName.startsWith('Linux')) return host.processMark(pid) !== '';
  const words = (command ?? '').split('\0').slice(0, PROGRAM_WORDS_MAX);
  return words.some((word) => /(^|\/)(hypercache|main\.js)$/.test(word));
}

/** `node --flag /usr/bin/hypercache`: behind that are its arguments. */
const PROGRAM_WORDS_MAX = 8;
