/**
 * Whether the node is fit for requests, and why not. Rooms add checks; a check is asked when
 * somebody looks, so it must be cheap. Long turns of the event loop are remembered between looks:
 * nobody can look while one lasts.
 */
export type NodePhase = 'starting' | 'loading' | 'running' | 'stopping';

/** Sentences for people, each about one thing that is wrong now; none when all is well. */
export type HealthCheck = () => readonly string[];

/** For so long a late turn of the event loop counts as now. */
const REMEMBERED_MS = 10_000;

/** Read at each look. */
export interface HealthSettings {
  /** A turn of the event loop that long is told; 0: none is. */
  readonly healthLagMsMax: number;
}

export class NodeHealth {
  phase: NodePhase = 'starting';
  /** Chains, as PEM, that the ports for clients show; '' of one that does not speak TLS. */
  readonly certificates = { resp: '', http: '' };
  private readonly settings: HealthSettings;
  private readonly checks: HealthCheck[] = [];
  private readonly peerChecks: HealthCheck[] = [];
  private lagMs = 0;
  private lagAtMs = Number.NEGATIVE_INFINITY;

  constructor(settings: HealthSettings) {
    this.settings = settings;
  }

  get hasStarted(): boolean {
    return this.phase === 'running' || this.phase === 'stopping';
  }

  addCheck(check: HealthCheck): void {
    this.checks.push(check);
  }

  /**
   * About other nodes, or how this one stands to them. Whether it is ready must not depend on that:
   * one node that fails would take all others out of service.
   */
  addPeerCheck(check: HealthCheck): void {
    this.peerChecks.push(check);
  }

  /** How late a timer came, ten times a second. @param nowMs  monotonic */
  observeLag(lagMs: number, nowMs: number): void {
    if (lagMs < this.lagMs && nowMs - this.lagAtMs <= REMEMBERED_MS) return;
    this.lagMs = lagMs;
    this.lagAtMs = nowMs;
  }

  /** What keeps the node from being healthy; empty when nothing does. */
  issues(): string[] {
    const found = this.ownIssues();
    for (const check of this.peerChecks) found.push(...check());
    return found;
  }

  /** The same without what concerns other nodes. */
  ownIssues(): string[] {
    const found: string[] = [];
    if (this.phase === 'starting') found.push('lifecycle: the node is starting');
    if (this.phase === 'loading') found.push('lifecycle: the node is loading its data');
    if (this.phase === 'stopping') found.push('lifecycle: the node is shutting down');
    const { healthLagMsMax: lagMsMax } = this.settings;
    if (lagMsMax !== 0 && this.lagMs >= lagMsMax) {
      found.push(`event_loop: a turn took ${Math.round(this.lagMs)} ms, ${lagMsMax} may be`);
    }
    for (const check of this.checks) found.push(...check());
    return found;
  }
}
