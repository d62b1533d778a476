import { useState } from 'preact/hooks';
import { ask } from '../api.ts';
import { bytes, count, percent } from '../format.ts';
import { Field, Panel, Said, SureButton, Table, useAction, useAsked } from '../parts/common.tsx';

interface StoreFacts {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly stats: {
    readonly items: number;
    readonly expires: number;
    readonly memory: number;
    readonly memory_limit: number;
    readonly hit_rate: number;
    readonly evictions: number;
    readonly expired: number;
  };
}

const HEADS = ['Store', 'Keys', 'Expiring', 'Memory', 'Hit ratio', 'Evicted', 'Expired', 'Policy'];
const POLICIES = [
  '',
  'lru',
  'lfu',
  'w-tinylfu',
  's3fifo',
  'sieve',
  'fifo',
  'ttl',
  'session',
  'random',
  'noeviction',
];

export function StoresView() {
  const { error, facts, reload } = useAsked(async () => {
    return (await ask<{ stores: StoreFacts[] }>('GET', '/api/stores')).stores;
  });
  const drop = useAction(async (name: string) => {
    await ask('DELETE', `/api/stores/${encodeURIComponent(name)}`);
    await reload();
    return `Store ${name} is gone, on every node.`;
  });
  return (
    <>
      <Panel title="Stores" end={<Reload onClick={reload} />}>
        <Said error={error || drop.error} said={drop.said} />
        <Table label="Stores" heads={[...HEADS, 'Actions']}>
          {(facts ?? []).map((store) => (
            <Row key={store.name} store={store} onDrop={() => drop.begin(store.name)} />
          ))}
        </Table>
      </Panel>
      <NewStore onMade={reload} />
    </>
  );
}

function Row({ store, onDrop }: { store: StoreFacts; onDrop: () => void }) {
  const { config, name, stats } = store;
  const limit = stats.memory_limit > 0 ? ` of ${bytes(stats.memory_limit)}` : '';
  return (
    <tr data-store={name}>
      <th scope="row">{name}</th>
      <td>{count(stats.items)}</td>
      <td>{count(stats.expires)}</td>
      <td>{bytes(stats.memory) + limit}</td>
      <td>{percent(stats.hit_rate)}</td>
      <td>{count(stats.evictions)}</td>
      <td>{count(stats.expired)}</td>
      <td>{String(config['eviction_policy'])}</td>
      <td>
        <a class="button small" href={`#keys?${encodeURIComponent(name)}`}>
          Keys
        </a>{' '}
        {name === 'default' ? null : <SureButton label="Drop" name={name} onSure={onDrop} />}
      </td>
    </tr>
  );
}

function NewStore({ onMade }: { onMade: () => Promise<void> }) {
  const [name, setName] = useState('');
  const [policy, setPolicy] = useState('');
  const [memory, setMemory] = useState('');
  const [ttl, setTtl] = useState('');
  const create = useAction(async () => {
    await ask('POST', '/api/stores', {
      name,
      ...(policy === '' ? {} : { eviction_policy: policy }),
      ...(memory === '' ? {} : { max_memory: memory }),
      ...(ttl === '' ? {} : { default_ttl: ttl }),
    });
    setName('');
    await onMade();
    return `Store ${name} is there, on every node.`;
  });
  const submit = (event: Event): void => {
    event.preventDefault();
    void create.begin();
  };
  return (
    <Panel title="New store">
      <p class="quiet">Its settings never change: drop it and make it anew to have others.</p>
      <form class="row" onSubmit={submit}>
        <Field label="Name">
          <input required value={name} onInput={(event) => setName(event.currentTarget.value)} />
        </Field>
        <Field label="Eviction">
          <select value={policy} onChange={(event) => setPolicy(event.currentTarget.value)}>
            {POLICIES.map((one) => (
              <option key={one} value={one}>
                {one === '' ? 'as the node' : one}
              </option>
            ))}
          </select>
        </Field>
        <Field label="Memory limit">
          <input
            value={memory}
            placeholder="64mb"
            onInput={(event) => setMemory(event.currentTarget.value)}
          />
        </Field>
        <Field label="Default TTL">
          <input
            value={ttl}
            placeholder="for ever"
            onInput={(event) => setTtl(event.currentTarget.value)}
          />
        </Field>
        <button type="submit" class="main" disabled={create.isRunning}>
          Create
        </button>
      </form>
      <Said error={create.error} said={create.said} />
    </Panel>
  );
}

export function Reload({ onClick }: { onClick: () => void }) {
  return (
    <button type="button" class="small" onClick={onClick}>
      Reload
    </button>
  );
}
