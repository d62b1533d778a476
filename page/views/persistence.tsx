import { useEffect } from 'preact/hooks';
import { ask } from '../api.ts';
import { bytes, count, moment } from '../format.ts';
import { Empty, Panel, Said, Table, useAction, useAsked } from '../parts/common.tsx';

interface StoreFacts {
  readonly strategy: string;
  readonly snapshot: {
    readonly in_progress: boolean;
    readonly last_ok: boolean;
    readonly last_failure: string;
    readonly last_save_time: number;
    readonly last_bytes: number;
    readonly changes_since_last_save: number;
  };
  readonly log: {
    readonly enabled: boolean;
    readonly failure: string;
    readonly current_bytes: number;
    readonly unsynced_bytes: number;
    readonly rewrite_in_progress: boolean;
  };
}

interface Facts {
  readonly enabled: boolean;
  readonly stores: Readonly<Record<string, StoreFacts>>;
}

const HEADS = ['Store', 'Kept by', 'Snapshot (UTC)', 'Changes since', 'Log', 'Not synced', 'State'];
const LOOK_MS = 2_000;

export function PersistenceView() {
  const { error, facts, reload } = useAsked<Facts>(() =>
    ask('GET', '/api/admin/persistence-stats'),
  );
  useEffect(() => {
    const timer = setInterval(reload, LOOK_MS);
    return () => clearInterval(timer);
  }, []);
  const save = useBegin('/api/admin/snapshot', 'Snapshots', reload);
  const rewrite = useBegin('/api/admin/aof-rewrite', 'Rewrites', reload);
  return (
    <Panel
      title="What lies on disk"
      end={
        <span class="sure">
          <button type="button" class="small" disabled={save.isRunning} onClick={save.begin}>
            Save snapshot
          </button>
          <button type="button" class="small" disabled={rewrite.isRunning} onClick={rewrite.begin}>
            Rewrite log
          </button>
        </span>
      }
    >
      <Said error={error || save.error || rewrite.error} said={save.said || rewrite.said} />
      {facts?.enabled === false ? (
        <Empty>Nothing is kept on disk: persistence.enabled is no. Keys end with the node.</Empty>
      ) : null}
      <Table label="Stores on disk" heads={HEADS}>
        {Object.entries(facts?.stores ?? {}).map(([name, store]) => (
          <Row key={name} name={name} store={store} />
        ))}
      </Table>
    </Panel>
  );
}

function useBegin(path: string, what: string, reload: () => Promise<void>) {
  return useAction(async () => {
    const { stores } = await ask<{ stores: Record<string, string> }>('POST', path);
    await reload();
    const told = Object.entries(stores).map(([name, outcome]) => `${name} ${outcome}`);
    return told.length === 0 ? `${what}: no store has any.` : `${what}: ${told.join(', ')}.`;
  });
}

function Row({ name, store }: { name: string; store: StoreFacts }) {
  const { log, snapshot, strategy } = store;
  const size = snapshot.last_bytes > 0 ? `, ${bytes(snapshot.last_bytes)}` : '';
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{strategy}</td>
      <td>{moment(snapshot.last_save_time) + size}</td>
      <td>{count(snapshot.changes_since_last_save)}</td>
      <td>{log.enabled ? bytes(log.current_bytes) : 'none'}</td>
      <td>{log.enabled ? bytes(log.unsynced_bytes) : '–'}</td>
      <td>{stateOf(store)}</td>
    </tr>
  );
}

function stateOf({ log, snapshot }: StoreFacts) {
  if (log.failure !== '') return <span class="bad">log: {log.failure}</span>;
  if (!snapshot.last_ok) return <span class="bad">snapshot: {snapshot.last_failure}</span>;
  if (snapshot.in_progress) return 'snapshot is written';
  if (log.rewrite_in_progress) return 'log is rewritten';
  return <span class="good">good</span>;
}
