import { useMemo, useState } from 'preact/hooks';
import { type CommandDoc, docs, offersFor } from './command-docs.ts';

/** @param lines  those run before, the newest last */
export function Prompt({
  lines,
  onLine,
}: {
  lines: readonly string[];
  onLine: (line: string) => Promise<void>;
}) {
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
    const next = Math.min(Math.max(0, back + step), lines.length);
    setBack(next);
    setLine(next === 0 ? '' : lines[lines.length - next]!);
  };
  const complete = (offer: CommandDoc): void => {
    setLine(`${offer.name} `);
    setChosen(-1);
  };
  const press = (event: KeyboardEvent): void => {
    const isNaming = !event.shiftKey && offers.length > 0 && !line.includes(' ');
    if (event.key === 'ArrowUp') recall(1);
    else if (event.key === 'ArrowDown') recall(-1);
    else if (event.key === 'Enter' && chosen >= 0) complete(offers[chosen]!);
    else if (event.key === 'Tab' && isNaming && offers.length === 1) complete(offers[0]!);
    // Behind the last offer the key leaves the field, as it does elsewhere.
    else if (event.key === 'Tab' && isNaming && chosen + 1 < offers.length) setChosen(chosen + 1);
    else return;
    event.preventDefault();
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
      <Offers offers={offers} chosen={chosen} onChoose={complete} />
    </form>
  );
}

function Offers({
  offers,
  chosen,
  onChoose,
}: {
  offers: readonly CommandDoc[];
  chosen: number;
  onChoose: (offer: CommandDoc) => void;
}) {
  return (
    <div id="offers" role="listbox" aria-label="Commands that begin like this">
      {offers.map((offer, i) => (
        // biome-ignore lint/a11y/useFocusableInteractive: aria-activedescendant names it
        <div
          key={offer.name}
          id={`offer-${i}`}
          role="option"
          aria-selected={i === chosen}
          onMouseDown={(event) => {
            event.preventDefault();
            onChoose(offer);
          }}
        >
          <b>{offer.name}</b> <span>{offer.syntax}</span>
          <span class="quiet">{offer.summary}</span>
        </div>
      ))}
    </div>
  );
}
