import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { run, storeNames, textOf } from '../api.ts';
import { Panel } from '../parts/common.tsx';
import { docs, loadDocs } from './console/command-docs.ts';
import { parseLine } from './console/parse-line.ts';
import { Prompt } from './console/prompt.tsx';
import { replyText } from './console/reply-text.ts';

interface Turn {
  readonly store: string;
  readonly line: string;
  readonly answer: string;
  readonly isError: boolean;
}

const TURNS_MAX = 200;

/** It outlives the view: who looks at a key meanwhile finds it again. */
const turns = signal<readonly Turn[]>([]);

export function ConsoleView() {
  const [stores, setStores] = useState<readonly string[]>(['default']);
  const [store, setStore] = useState('default');
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (docs.value.length === 0) void loadDocs();
    // Who may not list them has `default`.
    storeNames().then(setStores, () => setStores(['default']));
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
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: keyboards scroll it as well */}
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
      <Prompt lines={shown.map(({ line }) => line)} onLine={(line) => perform(store, line)} />
    </Panel>
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
