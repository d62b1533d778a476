import { useEffect, useState } from 'preact/hooks';
import { idOf, items, must, show, storeNames, text, textOf, type Word, word } from '../api.ts';
import { count } from '../format.ts';
import { Empty, Field, Panel, Said } from '../parts/common.tsx';
import { KeyEditor } from './keys/key-editor.tsx';
import { NewKey } from './keys/new-key.tsx';

const TYPES = ['', 'string', 'hash', 'list', 'set', 'zset', 'stream'];
/** Keys that one press of a button looks for; of them those of the type are shown. */
const KEYS_A_TIME = 100;
const STEPS_MAX = 50;

export function KeysView() {
  const [stores, setStores] = useState<readonly string[]>(['default']);
  const [store, setStore] = useState(decodeURIComponent(location.hash.split('?')[1] ?? 'default'));
  const [pattern, setPattern] = useState('');
  const [type, setType] = useState('');
  const [keys, setKeys] = useState<readonly Word[]>([]);
  const [cursor, setCursor] = useState('0');
  const [error, setError] = useState('');
  const [chosen, setChosen] = useState<Word | null>(null);
  useEffect(() => {
    storeNames().then(setStores, (refusal) => setError(textOf(refusal)));
  }, []);
  const look = async (from: string, before: readonly Word[]): Promise<void> => {
    try {
      const found = await scan({ store, pattern, type, from });
      setKeys(unique([...before, ...found.keys]));
      setCursor(found.cursor);
      setError('');
    } catch (refusal) {
      setError(textOf(refusal));
    }
  };
  useEffect(() => {
    setChosen(null);
    void look('0', []);
  }, [store, type]);
  const submit = (event: Event): void => {
    event.preventDefault();
    void look('0', []);
  };
  return (
    <>
      <Panel title="Find keys">
        <form class="row" onSubmit={submit}>
          <Choice label="Store" value={store} of={stores} onChoose={setStore} />
          <Field label="Pattern">
            <input
              value={pattern}
              placeholder="user:*"
              onInput={(event) => setPattern(event.currentTarget.value)}
            />
          </Field>
          <Choice label="Type" value={type} of={TYPES} onChoose={setType} />
          <button type="submit" class="main">
            Find
          </button>
        </form>
        <Said error={error} />
      </Panel>
      <div class="browser">
        <Panel title="Keys" end={<span class="quiet">{count(keys.length)} shown</span>}>
          {keys.length === 0 && error === '' ? (
            <Empty>No key matches. Try another pattern, or write one below.</Empty>
          ) : null}
          <KeyList keys={keys} chosen={chosen} onChoose={setChosen} />
          {cursor === '0' ? null : (
            <button type="button" onClick={() => look(cursor, keys)}>
              Find more
            </button>
          )}
        </Panel>
        {chosen === null ? (
          <NewKey
            store={store}
            onMade={(key) => {
              setKeys(unique([key, ...keys]));
              setChosen(key);
            }}
          />
        ) : (
          <KeyEditor
            key={idOf(chosen)}
            store={store}
            name={chosen}
            onClose={() => setChosen(null)}
            onGone={() => {
              setKeys(keys.filter((one) => idOf(one) !== idOf(chosen)));
              setChosen(null);
            }}
          />
        )}
      </div>
    </>
  );
}

function Choice({
  label,
  value,
  of,
  onChoose,
}: {
  label: string;
  value: string;
  of: readonly string[];
  onChoose: (value: string) => void;
}) {
  return (
    <Field label={label}>
      <select value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
        {of.map((one) => (
          <option key={one} value={one}>
            {one === '' ? 'any' : one}
          </option>
        ))}
      </select>
    </Field>
  );
}

function KeyList({
  keys,
  chosen,
  onChoose,
}: {
  keys: readonly Word[];
  chosen: Word | null;
  onChoose: (key: Word) => void;
}) {
  return (
    <ul class="keys">
      {keys.map((key) => (
        <li key={idOf(key)}>
          <button
            type="button"
            class="plain"
            aria-pressed={chosen !== null && idOf(chosen) === idOf(key)}
            onClick={() => onChoose(key)}
          >
            {show(key)}
          </button>
        </li>
      ))}
    </ul>
  );
}

/** SCAN may find nothing in one step and more in the next: it goes on to a screenful. */
async function scan({
  store,
  pattern,
  type,
  from,
}: {
  store: string;
  pattern: string;
  type: string;
  from: string;
}): Promise<{ keys: Word[]; cursor: string }> {
  const keys: Word[] = [];
  let cursor = from;
  for (let step = 0; step < STEPS_MAX; step++) {
    const match = pattern === '' ? [] : ['MATCH', pattern];
    const only = type === '' ? [] : ['TYPE', type];
    const reply = await must(store, 'SCAN', cursor, ...match, ...only, 'COUNT', '1000');
    const [next, found] = items(reply);
    keys.push(...items(found!).map(word));
    cursor = text(next);
    if (cursor === '0' || keys.length >= KEYS_A_TIME) break;
  }
  return { keys, cursor };
}

function unique(keys: readonly Word[]): Word[] {
  return [...new Map(keys.map((key) => [idOf(key), key])).values()];
}
