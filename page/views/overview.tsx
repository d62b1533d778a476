import {
  figures,
  figuresRefusal,
  history,
  type Member,
  ratios,
  type StoreFigures,
} from '../events.ts';
import { bytes, count, micros, percent, seconds } from '../format.ts';
import { Chart } from '../parts/chart.tsx';
import { Panel, Said, Table } from '../parts/common.tsx';
import { Sparkline } from '../parts/sparkline.tsx';

const THROUGHPUT = [
  { label: 'commands/s', colour: 'accent', of: (m: { commandsPerS: number }) => m.commandsPerS },
];
const LATENCY = [
  { label: 'p50', colour: 'accent', of: (m: { p50Us: number }) => m.p50Us },
  { label: 'p99', colour: 'second', of: (m: { p99Us: number }) => m.p99Us },
];

export function OverviewView() {
  const now = figures.value;
  if (figuresRefusal.value !== '') return <Said error={figuresRefusal.value} />;
  if (now === null) return <p class="quiet">Waiting for the first figures ...</p>;
  return (
    <>
      <Tiles />
      <ClusterMap />
      <div class="pair">
        <section class="panel" aria-label="Throughput">
          <Chart title="Throughput" lines={THROUGHPUT} format={count} />
        </section>
        <section class="panel" aria-label="Time in commands">
          <Chart title="Time in commands" lines={LATENCY} format={micros} />
        </section>
      </div>
      <Panel title="Stores">
        <Table label="Stores" heads={['Store', 'Keys', 'Memory', 'Hit ratio', 'Last minute']}>
          {now.stores.map((store) => (
            <StoreRow key={store.name} store={store} />
          ))}
        </Table>
      </Panel>
    </>
  );
}

function Tiles() {
  const { cluster, memory, process } = figures.value!;
  const last = history.value.at(-1);
  const limit = memory.limit > 0 ? `of ${bytes(memory.limit)}` : 'no limit';
  return (
    <dl class="tiles">
      <Tile name="Health" note={healthNote(cluster.issues.length, process.uptime_seconds)}>
        <span class={cluster.healthy ? 'good' : 'bad'}>
          {cluster.healthy ? 'healthy' : 'not healthy'}
        </span>
      </Tile>
      <Tile name="Commands / s" note={`${count(process.commands_processed)} since the start`}>
        <span data-figure="commands">{last === undefined ? '–' : count(last.commandsPerS)}</span>
      </Tile>
      <Tile name="Memory" note={limit}>
        {bytes(memory.used)}
      </Tile>
      <Tile name="Connections" note={`${count(process.errors)} error replies`}>
        {count(process.connections)}
      </Tile>
      <Tile name="Processor" note="of one core">
        {last === undefined ? '–' : percent(last.cpuShare)}
      </Tile>
    </dl>
  );
}

function Tile({
  name,
  note,
  children,
}: {
  name: string;
  note: string;
  children: preact.ComponentChildren;
}) {
  return (
    <div class="tile">
      <dt>{name}</dt>
      <dd class="value">{children}</dd>
      <dd class="quiet">{note}</dd>
    </div>
  );
}

function healthNote(issueCount: number, upS: number): string {
  if (issueCount === 0) return `up ${seconds(upS)}`;
  return issueCount === 1 ? 'one issue, see below' : `${issueCount} issues, see below`;
}

function ClusterMap() {
  const { cluster } = figures.value!;
  const size = `${cluster.cluster_size} ${cluster.cluster_size === 1 ? 'node' : 'nodes'}`;
  return (
    <Panel title="Cluster" end={<span class="quiet">{size}, as this node sees it</span>}>
      <ul class="members">
        {cluster.members.map((member) => (
          <MemberCard key={member.node_id} member={member} />
        ))}
      </ul>
      {cluster.issues.length === 0 ? null : (
        <ul class="issues">
          {cluster.issues.map((issue) => (
            <li key={issue}>{issue}</li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function MemberCard({ member }: { member: Member }) {
  const { id } = figures.value!.process;
  const { metadata, node_id: name, status } = member;
  const isSelf = name === id;
  const state = status === 'alive' ? (metadata.state ?? 'ready') : status;
  return (
    <li class={`member is-${status}`} data-node={name} data-status={status}>
      <span class="member-head">
        <strong>{name}</strong>
        <span class="state">{state}</span>
      </span>
      <span class="quiet">
        {member.address}:{member.port}
      </span>
      <span class="quiet">{ownsText(metadata)}</span>
      {isSelf ? <span class="quiet">this node</span> : null}
      {isSelf || status !== 'alive' ? null : (
        <a href={`${location.protocol}//${linkHost(member)}:${metadata.http_port}/`}>Its page</a>
      )}
    </li>
  );
}

/** A node that is in no cluster owns all, and says nothing of it. */
function ownsText({ owned_slots: slots, owned_stores: stores }: Member['metadata']): string {
  if (slots === undefined || stores === undefined) return 'in no cluster';
  return `owns ${stores.length} ${stores.length === 1 ? 'store' : 'stores'}, ${count(slots)} slots`;
}

/** Nodes of one machine know each other by loopback, which means nothing elsewhere. */
function linkHost({ address }: Member): string {
  if (address.startsWith('127.')) return location.hostname;
  return address.includes(':') ? `[${address}]` : address;
}

function StoreRow({ store }: { store: StoreFigures }) {
  const { hits, items, memory, misses, name } = store;
  const reads = hits + misses;
  const shares = ratios.value.get(name) ?? [];
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{count(items)}</td>
      <td>{bytes(memory)}</td>
      <td>{reads === 0 ? '–' : percent(hits / reads)}</td>
      <td>
        <Sparkline shares={shares} label={`Hit ratio of ${name} over the last minute`} />
      </td>
    </tr>
  );
}
