import { useState } from 'preact/hooks';
import { ApiError, must, text } from '../../api.ts';
import { Field, Panel, Said, useAction } from '../../parts/common.tsx';
import { ElementInputs } from './element-table.tsx';
import { ELEMENT_KINDS, type Kind } from './kinds.ts';

const KINDS: readonly Kind[] = ['string', 'hash', 'list', 'set', 'zset', 'stream'];
const EMPTY: readonly string[] = ['', ''];

export function NewKey({ store, onMade }: { store: string; onMade: (key: string) => void }) {
  const [key, setKey] = useState('');
  const [kind, setKind] = useState<Kind>('string');
  const [given, setGiven] = useState(EMPTY);
  const write = useAction(async () => {
    const target = { store, key };
    const found = text(await must(store, 'TYPE', key));
    if (found !== 'none') throw new ApiError(409, `There is a ${found} of that name already.`);
    if (kind === 'string') await must(store, 'SET', key, given[0]!, 'NX');
    else await ELEMENT_KINDS[kind].add(target, given);
    onMade(key);
    return undefined;
  });
  const submit = (event: Event): void => {
    event.preventDefault();
    void write.begin();
  };
  return (
    <Panel title="New key">
      <form class="column" onSubmit={submit}>
        <Field label="Key">
          <input required value={key} onInput={(event) => setKey(event.currentTarget.value)} />
        </Field>
        <Field label="Kind">
          <select
            value={kind}
            onChange={(event) => {
              setKind(event.currentTarget.value as Kind);
              setGiven(EMPTY);
            }}
          >
            {KINDS.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        </Field>
        {kind === 'string' ? (
          <Field label="Value">
            <textarea
              rows={4}
              value={given[0]}
              onInput={(event) => setGiven([event.currentTarget.value])}
            />
          </Field>
        ) : (
          <ElementInputs kind={ELEMENT_KINDS[kind]} given={given} onGiven={setGiven} />
        )}
        <button type="submit" class="main" disabled={write.isRunning}>
          Write
        </button>
        <Said error={write.error} />
      </form>
    </Panel>
  );
}
