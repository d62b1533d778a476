import {
  allNodes,
  type CompletionFlag,
  type CompletionNode,
  settingFlags,
} from './completion-tree.ts';

/** For zsh's own completion system; also as a file named _hypercache in a directory of fpath. */
export function zshScript(root: CompletionNode): string {
  const nodes = allNodes(root);
  return `#compdef hypercache
# Completion of hypercache for zsh, made by: hypercache completion zsh
_hypercache() {
  local -a commands settings
  local where=
  if [[ \${words[CURRENT]} == --*.* ]]; then
    settings=(${settingFlags().map(quoted).join(' ')})
    compadd -S '' -a settings
    return
  fi
  case "\${words[2]} \${words[3]}" in
${nodes
  .slice(1)
  .filter(({ path }) => path.includes(' '))
  .map(({ path }) => `    ${quoted(path)}) (( CURRENT > 3 )) && where=${quoted(path)} ;;`)
  .join('\n')}
  esac
  if [[ -z $where ]] && (( CURRENT > 2 )); then
    where=\${words[2]}
  fi
  # What stands behind the command counts as its words.
  local -a path_words=(\${=where})
  shift \${#path_words} words
  (( CURRENT -= \${#path_words} ))
  case "$where" in
${nodes.map(nodeCase).join('\n')}
  esac
}
if [[ $funcstack[1] == _hypercache ]]; then
  _hypercache "$@"
else
  compdef _hypercache hypercache
fi
`;
}

function nodeCase({ choices, flags, path, subcommands, takesFiles }: CompletionNode): string {
  const lines = [`    ${quoted(path)})`];
  if (subcommands.length > 0) {
    const rows = subcommands.map(({ description, path: below }) =>
      quoted(`${below.split(' ').at(-1)}:${description}`),
    );
    lines.push(`      commands=(${rows.join(' ')})`, "      _describe 'command' commands");
  }
  const words = takesFiles ? '*:file:_files' : `*:word:(${choices.join(' ')})`;
  const specs = [...flags.map(flagSpec), '--help[print this help]', words].map(quoted);
  lines.push(`      _arguments ${specs.join(' ')} ;;`);
  return lines.join('\n');
}

/** `--url=[help]:value:` takes the value behind a `=` or as the next word. */
function flagSpec({ choices, description, name, takesFile, takesValue }: CompletionFlag): string {
  const help = `[${description.replace(/[[\]]/g, '').replaceAll(':', '\\:')}]`;
  if (!takesValue) return `${name}${help}`;
  const values = takesFile ? '_files' : choices.length === 0 ? '' : `(${choices.join(' ')})`;
  return `${name}=${help}:value:${values}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
