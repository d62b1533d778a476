import type {
  ClusterConfiguration,
  StoreConfiguration,
} from '../../base/configuration-sections.ts';

/**
 * Whether each slot of the store has an owner of its own, or one node owns all of it. Unless it is
 * told: where every node holds every key, one node does, so that commands on any keys are atomic.
 */
export function isOwnedBySlot(
  { ownership }: Pick<StoreConfiguration, 'ownership'>,
  { replicationFactor }: Pick<ClusterConfiguration, 'replicationFactor'>,
): boolean {
  return ownership === null ? replicationFactor !== 0 : ownership === 'slot';
}
