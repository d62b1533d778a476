import { allNodes, type CompletionNode, settingFlags } from './completion-tree.ts';

/**
 * For bash from 3.2 on, without the package bash-completion. bash takes `--flag=value` apart at the
 * `=`, so that the flag is found one word further back.
 */
export function bashScript(root: CompletionNode): string {
  const nodes = allNodes(root);
  return `# Completion of hypercache for bash, made by: hypercache completion bash
_hypercache() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  local path= words= flags= values= files= at
  for ((at = 1; at < COMP_CWORD && at < 3; at++)); do
    case "$path \${COMP_WORDS[at]}" in
${nodes.slice(1).map(pathCase).join('\n')}
    esac
  done
  if [[ $current == = ]]; then
    current=
  elif [[ $previous == = ]]; then
    previous=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  case "$path" in
${nodes.map(nodeCase).join('\n')}
  esac
  case "$path $previous" in
${nodes.flatMap(valueCases).join('\n')}
  esac
  COMPREPLY=()
  if [[ -n $values ]]; then
    [[ $values == any ]] || COMPREPLY=($(compgen -W "$values" -- "$current"))
    return
  fi
  case "$current" in
    --*.*)
      COMPREPLY=($(compgen -W "$_hypercache_settings" -- "$current"))
      compopt -o nospace 2>/dev/null ;;
    -*) COMPREPLY=($(compgen -W "$flags" -- "$current")) ;;
    *)
      [[ -z $words ]] || COMPREPLY=($(compgen -W "$words" -- "$current"))
      [[ -z $files ]] || compopt -o default 2>/dev/null ||
        COMPREPLY+=($(compgen -f -- "$current")) ;;
  esac
}
_hypercache_settings="${settingFlags().join(' ')}"
complete -F _hypercache hypercache
`;
}

function pathCase({ path }: CompletionNode): string {
  const parts = path.split(' ');
  const last = parts.pop();
  return `      "${parts.join(' ')} ${last}") path="${path}" ;;`;
}

function nodeCase({ choices, flags, path, subcommands, takesFiles }: CompletionNode): string {
  const names = [...subcommands.map((node) => node.path.split(' ').at(-1)), ...choices];
  const words = names.join(' ');
  const offered = [...flags.map(({ name }) => name), '--help'].join(' ');
  const files = takesFiles ? ' files=yes' : '';
  return `    "${path}") words="${words}" flags="${offered}"${files} ;;`;
}

function valueCases({ flags, path }: CompletionNode): string[] {
  return flags
    .filter(({ takesValue }) => takesValue)
    .map(({ choices, name, takesFile }) => {
      const what = takesFile ? 'words= files=yes' : `values="${choices.join(' ') || 'any'}"`;
      return `    "${path} ${name}") ${what} ;;`;
    });
}
