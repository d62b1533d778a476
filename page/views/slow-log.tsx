import { items, must, text } from '../api.ts';
import { micros, moment } from '../format.ts';
import { Empty, Panel, Said, SureButton, Table, useAction, useAsked } from '../parts/common.tsx';
import { Reload } from './stores.tsx';

const ENTRIES_MAX = 128;

export function SlowLogView() {
  const { error, facts, reload } = useAsked(async () => {
    return items(await must('default', 'SLOWLOG', 'GET', String(ENTRIES_MAX)));
  });
  const clear = useAction(async () => {
    await must('default', 'SLOWLOG', 'RESET');
    await reload();
    return 'The slow log is empty.';
  });
  return (
    <Panel
      title="Commands that took long"
      end={
        <span class="sure">
          <Reload onClick={reload} />
          <SureButton label="Clear" name="the slow log" onSure={clear.begin} />
        </span>
      }
    >
      <p class="quiet">
        Those of this node beyond <code>slowlog-log-slower-than</code>; CONFIG SET changes it.
      </p>
      <Said error={error || clear.error} said={clear.said} />
      {facts?.length === 0 ? <Empty>No command took that long.</Empty> : null}
      <Table label="Slow log" heads={['When (UTC)', 'Took', 'Command', 'Client']}>
        {(facts ?? []).map((entry) => {
          const [id, atS, us, words, client] = items(entry);
          return (
            <tr key={text(id)}>
              <td>{moment(Number(text(atS)))}</td>
              <td>{micros(Number(text(us)))}</td>
              <td class="wide">
                <code>{items(words!).map(text).join(' ')}</code>
              </td>
              <td>{text(client)}</td>
            </tr>
          );
        })}
      </Table>
    </Panel>
  );
}
