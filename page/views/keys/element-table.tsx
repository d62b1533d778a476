import { useState } from 'preact/hooks';
import { idOf, must, show, text } from '../../api.ts';
import { count } from '../../format.ts';
import { Field, Said, SureButton, Table, useAction, useAsked } from '../../parts/common.tsx';
import { ELEMENTS_MAX, type Element, type ElementKind, type Target } from './kinds.ts';

interface Props {
  readonly target: Target;
  readonly kind: ElementKind;
  readonly onChanged: () => Promise<void>;
}

export function ElementTable({ target, kind, onChanged }: Props) {
  const { error, facts, reload } = useAsked(async () => {
    const elements = await kind.read(target);
    const total = Number(text(await must(target.store, ...kind.count, target.key)));
    return { elements, total };
  });
  const change = async (): Promise<void> => {
    await reload();
    await onChanged();
  };
  const remove = useAction(async (element: Element) => {
    await kind.remove(target, element);
    await change();
    return undefined;
  });
  const { elements = [], total = 0 } = facts ?? {};
  return (
    <>
      <Said error={error || remove.error} />
      <Table label="Elements" heads={[...kind.heads, 'Actions']}>
        {elements.map((element) => (
          <Row
            key={idOf(element.name)}
            target={target}
            kind={kind}
            element={element}
            onChanged={change}
            onRemove={() => remove.begin(element)}
          />
        ))}
      </Table>
      {total > ELEMENTS_MAX ? (
        <p class="quiet">
          {count(elements.length)} of {count(total)} are shown; the console reaches all.
        </p>
      ) : null}
      <NewElement target={target} kind={kind} onChanged={change} />
    </>
  );
}

function Row({
  target,
  kind,
  element,
  onChanged,
  onRemove,
}: Props & {
  readonly element: Element;
  readonly onRemove: () => void;
}) {
  const [draft, setDraft] = useState<string | null>(null);
  const name = show(element.name);
  const save = useAction(async () => {
    await kind.change!(target, element, draft!);
    setDraft(null);
    await onChanged();
    return undefined;
  });
  return (
    <tr>
      <th scope="row">{name}</th>
      {element.value === null ? null : (
        <td>
          {draft === null ? (
            show(element.value)
          ) : (
            <input
              aria-label={`Value of ${name}`}
              value={draft}
              onInput={(event) => setDraft(event.currentTarget.value)}
            />
          )}
          <Said error={save.error} />
        </td>
      )}
      <td class="actions">
        {kind.change === null || typeof element.value !== 'string' ? null : draft === null ? (
          <button
            type="button"
            class="small"
            aria-label={`Edit ${name}`}
            onClick={() => setDraft(element.value as string)}
          >
            Edit
          </button>
        ) : (
          <button type="button" class="small" aria-label={`Save ${name}`} onClick={save.begin}>
            Save
          </button>
        )}{' '}
        <SureButton label="Remove" name={name} onSure={onRemove} />
      </td>
    </tr>
  );
}

function NewElement({ target, kind, onChanged }: Props) {
  const [given, setGiven] = useState<readonly string[]>(kind.inputs.map(() => ''));
  const add = useAction(async () => {
    await kind.add(target, given);
    setGiven(kind.inputs.map(() => ''));
    await onChanged();
    return undefined;
  });
  const submit = (event: Event): void => {
    event.preventDefault();
    void add.begin();
  };
  return (
    <form class="row" aria-label="New element" onSubmit={submit}>
      <ElementInputs kind={kind} given={given} onGiven={setGiven} />
      <button type="submit">Add</button>
      <Said error={add.error} />
    </form>
  );
}

export function ElementInputs({
  kind,
  given,
  onGiven,
}: {
  kind: ElementKind;
  given: readonly string[];
  onGiven: (given: readonly string[]) => void;
}) {
  return (
    <>
      {kind.inputs.map((label, i) => (
        <Field key={label} label={label}>
          <input
            value={given[i] ?? ''}
            onInput={(event) => onGiven(given.with(i, event.currentTarget.value))}
          />
        </Field>
      ))}
    </>
  );
}
