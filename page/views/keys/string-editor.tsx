import { useEffect, useState } from 'preact/hooks';
import { must, word } from '../../api.ts';
import { Field, Said, useAction, useAsked } from '../../parts/common.tsx';
import type { Target } from './kinds.ts';

/** More than that is no text that somebody edits in a page. */
const SHOWN_BYTES_MAX = 256 * 1024;

export function StringEditor({
  target,
  onChanged,
}: {
  target: Target;
  onChanged: () => Promise<void>;
}) {
  const { key, store } = target;
  const [value, setValue] = useState('');
  const asked = useAsked(async () => {
    const length = await must(store, 'STRLEN', key);
    const isLong = length.type === 'integer' && Number(length.value) > SHOWN_BYTES_MAX;
    return isLong ? 'long' : word(await must(store, 'GET', key));
  });
  const { error, facts, reload } = asked;
  useEffect(() => {
    if (typeof facts === 'string' && facts !== 'long') setValue(facts);
  }, [facts]);
  const save = useAction(async () => {
    await must(store, 'SET', key, value, 'KEEPTTL');
    await reload();
    await onChanged();
    return 'Saved.';
  });
  if (facts === 'long') return <p class="empty">Too long to be edited here: use GETRANGE.</p>;
  if (facts !== null && typeof facts !== 'string') {
    return <p class="empty">These bytes are no text: the console shows them.</p>;
  }
  return (
    <>
      <Field label="Value">
        <textarea
          rows={8}
          spellcheck={false}
          value={value}
          onInput={(event) => setValue(event.currentTarget.value)}
        />
      </Field>
      <button type="button" class="main" disabled={save.isRunning} onClick={save.begin}>
        Save
      </button>
      <Said error={error || save.error} said={save.said} />
    </>
  );
}
