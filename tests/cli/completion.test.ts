/** What shells offer after `hypercache completion`: each real shell is asked. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { patiently } from '../support/patience.ts';
import { scratchFolder, skipWithout } from '../support/server.ts';
import { runTool } from './run-tool.ts';

/** A line as it was typed so far, and what is offered for its last word. */
const LINES: readonly (readonly [line: string, offered: readonly string[]])[] = [
  ['hypercache clu', ['cluster']],
  ['hypercache cluster st', ['start', 'status', 'stop']],
  ['hypercache store create mine --ev', ['--eviction-policy']],
  [
    'hypercache store create mine --eviction-policy vol',
    ['volatile-lfu', 'volatile-lru', 'volatile-random', 'volatile-ttl'],
  ],
  ['hypercache bench --pi', ['--pipeline']],
  [
    'hypercache start --cluster.rep',
    ['--cluster.repl_backlog_size', '--cluster.replica_of', '--cluster.replication_factor'],
  ],
  ['hypercache --gos', ['--gossip-port']],
  ['hypercache completion ', ['bash', 'fish', 'zsh']],
];
const CHOICE = ['hypercache store create mine --eviction-policy=w', 'w-tinylfu'] as const;
const NEVER_OFFERED = ['no-such-thing', 'undefined', 'null'];

async function scriptOf(shell: string): Promise<string> {
  const { code, error, out } = await runTool(['completion', shell]);
  assert.equal(code, 0, error);
  const file = path.join(scratchFolder(), `completion.${shell}`);
  fs.writeFileSync(file, out);
  return file;
}

function runShell(shell: string, args: readonly string[], code: string): string {
  const { status, stderr, stdout } = spawnSync(shell, [...args, '-c', code], {
    encoding: 'utf8',
    timeout: patiently(20_000),
  });
  assert.equal(stderr, '', code);
  assert.equal(status, 0, code);
  return stdout;
}

/** Without what some shells put behind: a `=`, a description. */
function namesIn(text: string): string[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => line.split('\t')[0]!.replace(/=$/, '').trim()).sort();
}

test('bash', { skip: skipWithout('bash') }, async () => {
  const file = await scriptOf('bash');
  const ask = (words: readonly string[]): string[] => {
    const quoted = words.map((word) => `'${word}'`).join(' ');
    const call = `COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _hypercache`;
    const code = `source ${file}; ${call}; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return namesIn(runShell('bash', ['--norc'], code));
  };
  for (const [line, offered] of LINES) {
    const found = ask(line.split(' '));
    assert.deepEqual(found, offered, line);
  }
  // bash takes the word apart at the `=`.
  const [line, choice] = CHOICE;
  const words = line.replace('=', ' = ').split(' ');
  assert.deepEqual(ask(words), [choice]);
  assert.deepEqual(ask(words.slice(0, -1)).includes('lru'), true);
  assert.deepEqual(ask(['hypercache', 'bench', '--rate', '']), []);
  assert.match(ask(['hypercache', 'doctor', '']).join(), /./);
});

test('fish', { skip: skipWithout('fish') }, async () => {
  const file = await scriptOf('fish');
  const ask = (line: string): string[] =>
    namesIn(runShell('fish', ['--no-config'], `source ${file}; complete -C '${line}'`));
  for (const [line, offered] of LINES) assert.deepEqual(ask(line), offered, line);
  const [line, choice] = CHOICE;
  assert.deepEqual(ask(line), [`--eviction-policy=${choice}`]);
});

/** Types into a zsh that believes in a terminal, and asks it for a list, as Ctrl-D does. */
const ZSH_DRIVER = `
zmodload zsh/zpty
zpty -b pty zsh -f -i
until_seen() {
  local all= part
  repeat 3000; do
    if zpty -r -t pty part; then
      all+=$part
      [[ $all == *$1* ]] && { print -r -- "$all"; return 0 }
    else
      sleep 0.02
    fi
  done
  print -r -- "never seen: $1 in $all"
  return 1
}
zpty -w pty "PS1=; unsetopt prompt_sp; autoload -Uz compinit; compinit -u -D; source $1"
zpty -w pty "LISTMAX=1000; COLUMNS=200; zstyle ':completion:*' verbose no; print READ''Y"
until_seen READY >/dev/null || exit 1
zpty -w -n pty "$2"$'\\C-D'
until_seen "$3"
`;

test('zsh', { skip: skipWithout('zsh') }, async () => {
  const file = await scriptOf('zsh');
  const driver = path.join(scratchFolder(), 'driver.zsh');
  fs.writeFileSync(driver, ZSH_DRIVER);
  for (const [line, offered] of [...LINES, [CHOICE[0], [CHOICE[1]]] as const]) {
    const last = offered.at(-1)!;
    const { status, stdout } = spawnSync('zsh', ['-f', driver, file, line, last], {
      encoding: 'utf8',
      timeout: patiently(20_000),
      env: { ...process.env, TERM: 'xterm' },
    });
    assert.equal(status, 0, `${line}: ${stdout}`);
    const shown = stdout.slice(stdout.indexOf(line) + line.length);
    for (const name of offered) assert.ok(shown.includes(name), `${line}: ${name} in ${shown}`);
    for (const name of NEVER_OFFERED) assert.ok(!shown.includes(name), `${line}: ${shown}`);
  }
});
