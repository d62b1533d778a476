import { useState } from 'preact/hooks';
import { must, run, show, text, type Word } from '../../api.ts';
import { bytes, seconds } from '../../format.ts';
import { Field, Panel, Said, SureButton, useAction, useAsked } from '../../parts/common.tsx';
import { ElementTable } from './element-table.tsx';
import { ELEMENT_KINDS, type Kind, type Target } from './kinds.ts';
import { StringEditor } from './string-editor.tsx';

interface KeyFacts {
  readonly type: string;
  readonly ttlMs: number;
  readonly memoryBytes: string;
  readonly encoding: string;
}

export function KeyEditor({
  store,
  name,
  onClose,
  onGone,
}: {
  store: string;
  name: Word;
  onClose: () => void;
  onGone: () => void;
}) {
  const target: Target = { store, key: name };
  const { error, facts, reload } = useAsked(() => readFacts(target));
  const drop = useAction(async () => {
    await must(store, 'DEL', name);
    onGone();
    return undefined;
  });
  return (
    <Panel
      title={show(name)}
      end={
        <span class="sure">
          <SureButton label="Delete" name={show(name)} onSure={drop.begin} />
          <button type="button" class="small" onClick={onClose}>
            Close
          </button>
        </span>
      }
    >
      <Said error={error || drop.error} />
      {facts === null ? null : <Facts facts={facts} />}
      {facts === null || facts.type === 'none' ? null : (
        <>
          <Value target={target} type={facts.type} onChanged={reload} />
          <Deadline target={target} ttlMs={facts.ttlMs} onChanged={reload} />
        </>
      )}
    </Panel>
  );
}

function Facts({ facts }: { facts: KeyFacts }) {
  if (facts.type === 'none')
    return <p class="empty">The key is gone: it expired, or was removed.</p>;
  return (
    <p class="facts">
      <span class="tag">{facts.type}</span>
      {facts.encoding === facts.type ? null : <span>{facts.encoding}</span>}
      <span>{facts.memoryBytes}</span>
      <span>{facts.ttlMs < 0 ? 'never expires' : `expires in ${seconds(facts.ttlMs / 1000)}`}</span>
    </p>
  );
}

function Value({
  target,
  type,
  onChanged,
}: {
  target: Target;
  type: string;
  onChanged: () => Promise<void>;
}) {
  if (type === 'string') return <StringEditor target={target} onChanged={onChanged} />;
  const kind = ELEMENT_KINDS[type as Exclude<Kind, 'string'>];
  if (kind === undefined) return <p class="empty">Values of this type are not shown here.</p>;
  return <ElementTable target={target} kind={kind} onChanged={onChanged} />;
}

function Deadline({
  target,
  ttlMs,
  onChanged,
}: {
  target: Target;
  ttlMs: number;
  onChanged: () => Promise<void>;
}) {
  const { key, store } = target;
  const [wanted, setWanted] = useState('');
  const expire = useAction(async () => {
    await must(store, 'EXPIRE', key, wanted);
    await onChanged();
    return undefined;
  });
  const keep = useAction(async () => {
    await must(store, 'PERSIST', key);
    await onChanged();
    return undefined;
  });
  const submit = (event: Event): void => {
    event.preventDefault();
    void expire.begin();
  };
  return (
    <form class="row" onSubmit={submit}>
      <Field label="Expire in seconds">
        <input
          required
          inputMode="numeric"
          pattern="[0-9]+"
          value={wanted}
          onInput={(event) => setWanted(event.currentTarget.value)}
        />
      </Field>
      <button type="submit">Set TTL</button>
      {ttlMs < 0 ? null : (
        <button type="button" onClick={keep.begin}>
          Keep for ever
        </button>
      )}
      <Said error={expire.error || keep.error} />
    </form>
  );
}

async function readFacts({ key, store }: Target): Promise<KeyFacts> {
  const type = text(await must(store, 'TYPE', key));
  if (type === 'none') return { type, ttlMs: -2, memoryBytes: '', encoding: '' };
  const ttlMs = Number(text(await must(store, 'PTTL', key)));
  // Users who may read a key need not be allowed these.
  const memory = await run(store, 'MEMORY', 'USAGE', key);
  const encoding = await run(store, 'OBJECT', 'ENCODING', key);
  return {
    type,
    ttlMs,
    memoryBytes: memory.type === 'integer' ? bytes(Number(memory.value)) : '',
    encoding: encoding.type === 'error' ? '' : text(encoding),
  };
}
