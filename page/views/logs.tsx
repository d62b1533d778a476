import { useEffect, useState } from 'preact/hooks';
import { followLog, type LogLine, logLines, logRefusal } from '../events.ts';
import { Empty, Field, Panel, Said } from '../parts/common.tsx';

const LEVELS = ['debug', 'info', 'warn', 'error'];

export function LogsView() {
  const [least, setLeast] = useState('info');
  const [wanted, setWanted] = useState('');
  const [held, setHeld] = useState<readonly LogLine[] | null>(null);
  useEffect(followLog, []);
  const lines = (held ?? logLines.value).filter((line) => {
    return LEVELS.indexOf(line.level) >= LEVELS.indexOf(least) && matches(line, wanted);
  });
  return (
    <Panel
      title="Lines of this node"
      end={
        <button
          type="button"
          class="small"
          aria-pressed={held !== null}
          onClick={() => setHeld(held === null ? logLines.value : null)}
        >
          {held === null ? 'Hold' : 'Go on'}
        </button>
      }
    >
      <div class="row">
        <Field label="Level">
          <select value={least} onChange={(event) => setLeast(event.currentTarget.value)}>
            {LEVELS.map((level) => (
              <option key={level} value={level}>
                {level} and worse
              </option>
            ))}
          </select>
        </Field>
        <Field label="Contains">
          <input
            value={wanted}
            placeholder="text or correlation id"
            onInput={(event) => setWanted(event.currentTarget.value)}
          />
        </Field>
      </div>
      <Said error={logRefusal.value} />
      {lines.length === 0 && logRefusal.value === '' ? (
        <Empty>No line so far. CONFIG SET loglevel verbose makes the node say more.</Empty>
      ) : null}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: keyboards scroll it as well */}
      <ol class="log" aria-label="Log lines" tabIndex={0}>
        {lines.toReversed().map((line, i) => (
          <li key={lines.length - i} class={`is-${line.level}`}>
            <span class="quiet">{line['@timestamp'].slice(11, 23)}</span>
            <span class="level">{line.level}</span>
            <span class="quiet">{line.component}</span>
            <span>
              {line.message} <span class="quiet">{factsText(line)}</span>
            </span>
          </li>
        ))}
      </ol>
    </Panel>
  );
}

function matches(line: LogLine, wanted: string): boolean {
  return wanted === '' || JSON.stringify(line).toLowerCase().includes(wanted.toLowerCase());
}

function factsText({ correlation_id: id, error, fields = {} }: LogLine): string {
  const parts = Object.entries(fields).map(([name, value]) => `${name}=${plain(value)}`);
  if (id !== undefined) parts.push(`id=${id}`);
  if (error !== undefined) parts.push(`error=${plain(error)}`);
  return parts.join(' ');
}

function plain(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
