/** Who may import whom: rooms, families, OS modules, libraries, cycles, re-exports. */
import path from 'node:path';

/** Node's modules that compute and touch nothing outside. All others belong to the world. */
const PURE_MODULES = new Set(['node:util', 'node:path', 'node:buffer', 'node:zlib']);
const TEST_MODULES = new Set(['node:test', 'node:assert', 'node:assert/strict']);

export function checkImports(sources, map, breaches) {
  for (const source of sources.values()) {
    if (!source.isSource) continue;
    checkReExports(source, breaches);
    for (const entry of source.imports) {
      if (entry.target.startsWith('.')) checkOwn(source, entry, sources, map, breaches);
      else checkForeign(source, entry.target, map, breaches);
    }
  }
  checkCycles(sources, breaches);
}

function checkReExports({ file, imports }, breaches) {
  if (file === 'src/index.ts') return;
  const isIndex = path.posix.basename(file) === 'index.ts';
  if (isIndex || imports.some((entry) => entry.isAll)) {
    breaches.push({ rule: 're-export', file, line: 1, text: 'import from where it is written' });
  }
}

function checkForeign({ file, isTest }, target, map, breaches) {
  const room = roomOf(file, map);
  const library = target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/');
  if (target.startsWith('node:')) {
    if (room === 'world' || PURE_MODULES.has(target)) return;
    if (isTest && (TEST_MODULES.has(target) || room === 'testing')) return;
    breaches.push({ rule: 'os-module', file, line: 1, text: `${target} belongs to world/` });
  } else if (!isTest && map.LIBRARIES[library] !== room) {
    const owner = map.LIBRARIES[library] ?? 'no room';
    breaches.push({ rule: 'library', file, line: 1, text: `${library} belongs to ${owner}` });
  }
}

function checkOwn(source, entry, sources, map, breaches) {
  const { file } = source;
  const target = path.posix.join(path.posix.dirname(file), entry.target);
  if (!target.endsWith('.ts')) {
    breaches.push({ rule: 'import-path', file, line: 1, text: `${entry.target}: end it in .ts` });
    return;
  }
  if (!sources.has(target)) {
    breaches.push({ rule: 'import-path', file, line: 1, text: `${entry.target} is not there` });
    return;
  }
  // What a test needs to set its stage is its own affair.
  if (source.isTest) return;
  if (target.startsWith('src/testing/') || target.endsWith('.test.ts')) {
    breaches.push({ rule: 'testing-import', file, line: 1, text: `${target} is for tests only` });
    return;
  }
  checkRoom(file, target, map, breaches);
  checkFamily(file, target, map, breaches);
}

function checkRoom(file, target, map, breaches) {
  const from = roomOf(file, map);
  const to = roomOf(target, map);
  const row = map.ROOMS[from] ?? map.ENTRIES[from];
  if (!row) {
    breaches.push({ rule: 'room-unknown', file, line: 1, text: 'no room in rooms.mjs owns it' });
    return;
  }
  if (from === to || row.imports.includes('*')) return;
  const allowed = row.floor === false ? row.imports : [...map.FLOOR, ...row.imports];
  if (!allowed.includes(to)) {
    breaches.push({ rule: 'room-import', file, line: 1, text: `${from} may not import ${target}` });
  }
}

/** @returns the room that owns a file under src/, or an entry's file name */
function roomOf(file, map) {
  const inside = file.slice('src/'.length);
  if (!inside.includes('/')) return inside;
  let best = '';
  for (const room of Object.keys(map.ROOMS)) {
    if (inside.startsWith(`${room}/`) && room.length > best.length) best = room;
  }
  return best || path.posix.dirname(inside);
}

function checkFamily(file, target, map, breaches) {
  for (const room of map.FAMILIES) {
    const from = familyOf(file, room);
    const to = familyOf(target, room);
    if (from && to && from !== to) {
      breaches.push({ rule: 'family-import', file, line: 1, text: `${from} imports ${to}` });
    }
  }
}

function familyOf(file, room) {
  return new RegExp(`^src/${room}/([^/]+)/`).exec(file)?.[1];
}

/** Types vanish and lazy imports run later; only what is loaded together can form a ring. */
function checkCycles(sources, breaches) {
  const DONE = 2;
  const state = new Map();
  for (const start of sources.keys()) {
    if (state.has(start)) continue;
    const stack = [{ file: start, targets: valueImports(start, sources) }];
    state.set(start, 1);
    while (stack.length > 0) {
      const top = stack.at(-1);
      const next = top.targets.pop();
      if (next === undefined) {
        state.set(top.file, DONE);
        stack.pop();
      } else if (!state.has(next)) {
        state.set(next, 1);
        stack.push({ file: next, targets: valueImports(next, sources) });
      } else if (state.get(next) !== DONE) {
        const ring = stack.slice(stack.findIndex((entry) => entry.file === next));
        const text = [...ring.map((entry) => entry.file), next].join(' -> ');
        breaches.push({ rule: 'cycle', file: next, line: 1, text });
      }
    }
  }
}

function valueImports(file, sources) {
  return sources
    .get(file)
    .imports.filter((entry) => !entry.isType && !entry.isLazy && entry.target.startsWith('.'))
    .map((entry) => path.posix.join(path.posix.dirname(file), entry.target))
    .filter((target) => sources.has(target));
}
