import {
  allNodes,
  type CompletionFlag,
  type CompletionNode,
  settingFlags,
} from './completion-tree.ts';

/** For fish from 3.0 on. */
export function fishScript(root: CompletionNode): string {
  const lines = allNodes(root).flatMap(linesOf);
  return `# Completion of hypercache for fish, made by: hypercache completion fish
function __hypercache_at
    # Whether the words before this one are those of the command.
    set -l words (commandline -opc)
    set -e words[1]
    set -l path
    for word in $words[1..2]
        string match -q -- '-*' $word; and break
        contains -- (string join ' ' $path $word) $__hypercache_paths; or break
        set -a path $word
    end
    set -l joined (string join ' ' -- $path)
    test "$joined" = "$argv[1]"
end
function __hypercache_setting
    string match -q -- '--*.*' (commandline -ct)
end
set -g __hypercache_paths ${allNodes(root)
    .slice(1)
    .map(({ path }) => quoted(path))
    .join(' ')}
complete -c hypercache -f
${lines.join('\n')}
complete -c hypercache -n __hypercache_setting -a ${quoted(settingFlags().join(' '))}
`;
}

function linesOf({ choices, flags, path, subcommands, takesFiles }: CompletionNode): string[] {
  const head = `complete -c hypercache -n ${quoted(`__hypercache_at ${quoted(path)}`)}`;
  const words = choices.length === 0 ? [] : [`${head} -a ${quoted(choices.join(' '))}`];
  return [
    ...subcommands.map(({ description, path: below }) => {
      const name = below.split(' ').at(-1) ?? '';
      return `${head} -a ${name} -d ${quoted(description)}`;
    }),
    ...words,
    ...(takesFiles ? [`${head} -F`] : []),
    ...flags.map((flag) => `${head} ${flagOptions(flag)}`),
    `${head} -l help -d 'print this help'`,
  ];
}

function flagOptions({
  choices,
  description,
  name,
  takesFile,
  takesValue,
}: CompletionFlag): string {
  const flag = `-l ${name.slice(2)} -d ${quoted(description)}`;
  if (!takesValue) return flag;
  if (takesFile) return `${flag} -r -F`;
  return choices.length === 0 ? `${flag} -x` : `${flag} -x -a ${quoted(choices.join(' '))}`;
}

/** Within single quotes fish knows two escapes. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
