import { signal } from '@preact/signals';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { ask, items, must, type Reply, run, text, textOf } from '../api.ts';
import { Panel } from '../parts/common.tsx';
import { parseLine } from './console/parse-line.ts';
import { replyText } from './console/reply-text.ts';

interface Turn {
  readonly store: string;
  readonly line: string;
  readonly answer: string;
  readonly isError: boolean;
}

interface CommandDoc {
  readonly name: string;
  readonly summary: string;
  readonly syntax: string;
}

const TURNS_MAX = 200;
const OFFERS_MAX = 8;

/** They outlive the view: who looks at a key meanwhile finds them again. */
const turns = signal<readonly Turn[]>([]);
const docs = signal<readonly CommandDoc[]>([]);

export function ConsoleView() {
  const [stores, setStores] = useState<readonly string[]>(['default']);
  const [store, setStore] = useState('default');
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (docs.value.length === 0) void loadDocs();
    ask('GET', '/api/stores').then(
      ({ stores: found }) => setStores(found.map(({ name }: { name: string }) => name)),
      // The user need not be allowed to list them: `default` is there.
      () => setStores(['default']),
    );
  }, []);
  const shown = turns.value;
  useEffect(() => end.current?.scrollIntoView({ block: 'nearest' }), [shown]);
  return (
    <Panel
      title="Commands"
      end={
        <label class="inline">
          Store{' '}
          <select value={store} onChange={(event) => setStore(event.currentTarget.value)}>
            {stores.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      }
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <div class="terminal" role="log" aria-label="Replies" tabIndex={0}>
        {shown.length === 0 ? (
          <p class="quiet">
            Replies appear here. Try PING, INFO server, or SCAN 0. The arrow keys bring old lines
            back.
          </p>
        ) : null}
        {shown.map((turn, i) => (
          <div key={i}>
            <p class="asked">
              {turn.store}&gt; {turn.line}
            </p>
            <pre class={turn.isError ? 'bad' : ''}>{turn.answer}</pre>
          </div>
        ))}
        <div ref={end} />
      </div>
      <Prompt onLine={(line) => perform(store, line)} />
    </Panel>
  );
}

function Prompt({ onLine }: { onLine: (line: string) => Promise<void> }) {
  const [line, setLine] = useState('');
  const [back, setBack] = useState(0);
  const [chosen, setChosen] = useState(-1);
  const offers = useMemo(() => offersFor(line), [line, docs.value]);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (line.trim() === '') return;
    void onLine(line);
    setLine('');
    setBack(0);
    setChosen(-1);
  };
  const recall = (step: number): void => {
    const lines = turns.value.map((turn) => turn.line);
    const next = Math.min(Math.max(0, back + step), lines.length);
    setBack(next);
    setLine(next === 0 ? '' : lines[lines.length - next]!);
  };
  const complete = (offer: CommandDoc): void => {
    setLine(`${offer.name} `);
    setChosen(-1);
  };
  const press = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowUp' || event.key === 'ArrowDown') {
      event.preventDefault();
      recall(event.key === 'ArrowUp' ? 1 : -1);
    } else if (event.key === 'Tab' && !event.shiftKey && offers.length > 0 && !line.includes(' ')) {
      event.preventDefault();
      const next = (chosen + 1) % offers.length;
      if (offers.length === 1) complete(offers[0]!);
      else setChosen(next);
    } else if (event.key === 'Enter' && chosen >= 0) {
      event.preventDefault();
      complete(offers[chosen]!);
    } else if (event.key === 'Escape') setChosen(-1);
  };
  return (
    <form class="prompt" onSubmit={submit}>
      <input
        aria-label="Command"
        role="combobox"
        aria-expanded={offers.length > 0}
        aria-controls="offers"
        aria-autocomplete="list"
        {...(chosen >= 0 ? { 'aria-activedescendant': `offer-${chosen}` } : {})}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        placeholder="GET key"
        value={line}
        onInput={(event) => {
          setLine(event.currentTarget.value);
          setChosen(-1);
        }}
        onKeyDown={press}
      />
      <button type="submit" class="main">
        Run
      </button>
      <div id="offers" role="listbox" aria-label="Commands that begin like this">
        {offers.map((offer, i) => (
          // biome-ignore lint/a11y/useFocusableInteractive: aria-activedescendant says which one it is
          <div
            key={offer.name}
            id={`offer-${i}`}
            role="option"
            aria-selected={i === chosen}
            onMouseDown={(event) => {
              event.preventDefault();
              complete(offer);
            }}
          >
            <b>{offer.name}</b> <span>{offer.syntax}</span>
            <span class="quiet">{offer.summary}</span>
          </div>
        ))}
      </div>
    </form>
  );
}

async function perform(store: string, line: string): Promise<void> {
  const words = parseLine(line);
  let turn: Omit<Turn, 'store' | 'line'>;
  if (words === null) turn = { answer: 'Unbalanced quotes', isError: true };
  else {
    try {
      const reply = await run(store, ...words);
      turn = { answer: replyText(reply), isError: reply.type === 'error' };
    } catch (refusal) {
      turn = { answer: textOf(refusal), isError: true };
    }
  }
  turns.value = [...turns.value, { store, line, ...turn }].slice(-TURNS_MAX);
}

/** While the name is typed: commands that begin so; then the one that it is. */
function offersFor(line: string): readonly CommandDoc[] {
  const typed = line.trimStart().toUpperCase();
  if (typed === '') return [];
  const known = docs.value;
  const [name, child] = typed.split(/\s+/);
  if (!typed.includes(' '))
    return known.filter((doc) => doc.name.startsWith(typed)).slice(0, OFFERS_MAX);
  const both = known.find((doc) => doc.name === `${name} ${child}`);
  const one = both ?? known.find((doc) => doc.name === name);
  return one === undefined ? [] : [one];
}

async function loadDocs(): Promise<void> {
  try {
    docs.value = docsOf(await must('default', 'COMMAND', 'DOCS'), '');
  } catch {
    // The console works without: what is typed is not completed.
    docs.value = [];
  }
}

function docsOf(reply: Reply, parent: string): CommandDoc[] {
  if (reply.type !== 'map') return [];
  return reply.value.flatMap(([key, doc]) => {
    const name = parent + text(key).split('|').at(-1)!.toUpperCase();
    const own = { name, summary: text(member(doc, 'summary')), syntax: syntaxOf(doc) };
    const children = member(doc, 'subcommands');
    return [own, ...(children === undefined ? [] : docsOf(children, `${name} `))];
  });
}

function member(reply: Reply, name: string): Reply | undefined {
  if (reply.type !== 'map') return undefined;
  return reply.value.find(([key]) => text(key) === name)?.[1];
}

function syntaxOf(doc: Reply): string {
  const given = member(doc, 'arguments');
  return given === undefined ? '' : items(given).map(argumentText).join(' ');
}

function argumentText(argument: Reply): string {
  const inner = member(argument, 'arguments');
  const kind = text(member(argument, 'type'));
  const flags = items(member(argument, 'flags') ?? { type: 'null' }).map(text);
  const parts = inner === undefined ? [] : items(inner).map(argumentText);
  const token = text(member(argument, 'token'));
  const name = text(member(argument, 'display_text')) || text(member(argument, 'name'));
  const body = parts.length > 0 ? parts.join(kind === 'oneof' ? '|' : ' ') : name;
  const whole = [token, kind === 'pure-token' ? '' : body].filter((part) => part !== '').join(' ');
  const many = flags.includes('multiple') ? `${whole} ...` : whole;
  return flags.includes('optional') ? `[${many}]` : many;
}
