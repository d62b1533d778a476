import { LIMITS } from '../../base/limits.ts';
import type { ClusterView } from './cluster-view.ts';
import type { NodeRecord } from './node-record.ts';

/**
 * What this node lacks of what others have: whoever looks at it alone would not see it. A node that
 * everybody takes for dead is no such thing.
 * @param nowMs  monotonic
 */
export function viewIssues(view: ClusterView, nowMs: number): string[] {
  const issues: string[] = [];
  if (view.state === 'filling') issues.push('cluster: this node is not filled yet');
  for (const record of view.records) {
    const text = issueOf(view, record, nowMs);
    if (text !== '') issues.push(`cluster: ${text}`);
  }
  return issues;
}

/** '' when there is none. */
function issueOf(view: ClusterView, record: NodeRecord, nowMs: number): string {
  const { id, isAlive, isSilent } = record;
  if (isAlive && !isSilent) {
    const isUnheard = record.hearing.get(view.selfId) === true;
    return isUnheard ? `the node '${id}' does not hear this one` : '';
  }
  if (record.member?.status === 'left') return '';
  // News of a node take their time through the gossip.
  if (nowMs - record.aliveSinceMs < LIMITS.viewMissingMs) return '';
  const hearer = findHearer(view, id);
  if (hearer === '') return '';
  const what = isAlive ? 'is not heard here' : 'is missing here';
  return `the node '${id}' ${what}, and '${hearer}' hears it`;
}

/** A node that is heard and hears that one; '' when there is none. */
function findHearer(view: ClusterView, id: string): string {
  for (const other of view.records) {
    if (other.isAlive && !other.isSilent && other.hearing.get(id) === false) return other.id;
  }
  return '';
}
