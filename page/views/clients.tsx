import { must, text } from '../api.ts';
import { bytes, seconds } from '../format.ts';
import { Panel, Said, SureButton, Table, useAction, useAsked } from '../parts/common.tsx';
import { Reload } from './stores.tsx';

const HEADS = [
  'Id',
  'Address',
  'Name',
  'User',
  'Connected',
  'Idle',
  'Command',
  'Memory',
  'Actions',
];

export function ClientsView() {
  const { error, facts, reload } = useAsked(async () => {
    return text(await must('default', 'CLIENT', 'LIST'))
      .split('\n')
      .filter((line) => line !== '')
      .map(clientOf);
  });
  const kill = useAction(async (id: string) => {
    await must('default', 'CLIENT', 'KILL', 'ID', id);
    await reload();
    return `The connection ${id} is closed.`;
  });
  return (
    <Panel title="Connections to this node" end={<Reload onClick={reload} />}>
      <Said error={error || kill.error} said={kill.said} />
      <Table label="Clients" heads={HEADS}>
        {(facts ?? []).map((client) => {
          const id = client.get('id')!;
          return (
            <tr key={id}>
              <th scope="row">{id}</th>
              <td>{client.get('addr')}</td>
              <td>{client.get('name')}</td>
              <td>{client.get('user')}</td>
              <td>{seconds(Number(client.get('age')))}</td>
              <td>{seconds(Number(client.get('idle')))}</td>
              <td>{client.get('cmd')}</td>
              <td>{bytes(Number(client.get('tot-mem') ?? 0))}</td>
              <td>
                <SureButton label="Close" name={id} onSure={() => kill.begin(id)} />
              </td>
            </tr>
          );
        })}
      </Table>
    </Panel>
  );
}

/** `id=3 addr=127.0.0.1:5 ...` */
function clientOf(line: string): ReadonlyMap<string, string> {
  return new Map(
    line.split(' ').map((part) => {
      const at = part.indexOf('=');
      return [part.slice(0, at), part.slice(at + 1)];
    }),
  );
}
