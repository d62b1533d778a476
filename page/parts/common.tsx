import type { ComponentChildren } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { textOf } from '../api.ts';

/** What is asked for once, and again when `reload` is called. */
export interface Asked<T> {
  readonly facts: T | null;
  readonly error: string;
  readonly reload: () => Promise<void>;
}

export function useAsked<T>(load: () => Promise<T>, on: readonly unknown[] = []): Asked<T> {
  const [facts, setFacts] = useState<T | null>(null);
  const [error, setError] = useState('');
  const turn = useRef(0);
  const reload = useCallback(async () => {
    const mine = ++turn.current;
    try {
      const found = await load();
      if (mine !== turn.current) return;
      setFacts(found);
      setError('');
    } catch (refusal) {
      if (mine === turn.current) setError(textOf(refusal));
    }
  }, on);
  useEffect(() => void reload(), [reload]);
  return { facts, error, reload };
}

/** Something that changes the node: says what went wrong, and cannot be begun twice. */
export function useAction<Given extends unknown[]>(
  action: (...given: Given) => Promise<string | undefined>,
) {
  const [isRunning, setIsRunning] = useState(false);
  const [said, setSaid] = useState('');
  const [error, setError] = useState('');
  const begin = async (...given: Given): Promise<void> => {
    setIsRunning(true);
    setSaid('');
    setError('');
    try {
      setSaid((await action(...given)) ?? '');
    } catch (refusal) {
      setError(textOf(refusal));
    }
    setIsRunning(false);
  };
  return { begin, isRunning, said, error };
}

export function Panel({
  title,
  children,
  end,
}: {
  title: string;
  children: ComponentChildren;
  end?: ComponentChildren;
}) {
  return (
    <section class="panel" aria-label={title}>
      <div class="panel-head">
        <h2>{title}</h2>
        {end}
      </div>
      {children}
    </section>
  );
}

/** What went wrong, and what was done; read aloud when it appears. */
export function Said({ error = '', said = '' }: { error?: string; said?: string }) {
  return (
    <div role="status">
      {error === '' ? null : <p class="note bad">{error}</p>}
      {said === '' ? null : <p class="note good">{said}</p>}
    </div>
  );
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

export function Field({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is among the children
    <label class="field">
      <span>{label}</span>
      {children}
    </label>
  );
}

/** A wide table scrolls by itself, with the keyboard as well. */
export function Table({
  label,
  heads,
  children,
}: {
  label: string;
  heads: readonly string[];
  children: ComponentChildren;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for controls
    <div class="table" role="group" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

/** Asks again before it does what cannot be undone. */
export function SureButton({
  label,
  name,
  onSure,
}: {
  label: string;
  /** What it is done to, for who hears the page. */
  name: string;
  onSure: () => void;
}) {
  const [isAsking, setIsAsking] = useState(false);
  if (!isAsking) {
    return (
      <button
        type="button"
        class="small"
        aria-label={`${label} ${name}`}
        onClick={() => setIsAsking(true)}
      >
        {label}
      </button>
    );
  }
  return (
    <span class="sure">
      <button type="button" class="small danger" onClick={onSure}>
        {label} {name}
      </button>
      <button type="button" class="small" onClick={() => setIsAsking(false)}>
        Keep
      </button>
    </span>
  );
}
