import type { Frame } from '../../base/frame.ts';
import type { Command } from '../../commands/command-table.ts';
import type { Session } from '../../commands/session.ts';
import type { Store } from '../../engine/store.ts';
import { ROUTE, type Route, routeOf } from './route.ts';

/** Routes of the commands of one node, each looked up when it is run for the first time. */
export class RouteTable {
  private readonly routes = new Map<Command, Route>();
  /** Of what was asked for last: most commands in a row are of one kind. */
  private command: Command | null = null;
  private route: Route = ROUTE.SELF;

  of(command: Command): Route {
    if (command !== this.command) {
      this.route = this.routes.get(command) ?? this.add(command);
      this.command = command;
    }
    return this.route;
  }

  /** Whose owner executes the command; null: whoever is asked does. */
  storeOf(command: Command, session: Session, frame: Frame): Store | null {
    return this.storeOfRoute(this.of(command), session, frame);
  }

  storeOfRoute(route: Route, { node, store }: Session, frame: Frame): Store | null {
    switch (route) {
      case ROUTE.SELF:
      case ROUTE.SELF_AT_ONCE:
      case ROUTE.KILL:
        return null;
      case ROUTE.STORES:
        return node.stores.default;
      case ROUTE.NAMED_STORE:
        return (frame.count > 2 ? node.stores.find(frame.latin1(2)) : null) ?? node.stores.default;
      default:
        return store;
    }
  }

  /** Whether the command may change something; EXEC: one of its transaction's. */
  isWrite(command: Command, session: Session): boolean {
    if (this.of(command) === ROUTE.EXEC) return session.transaction?.hasWrite === true;
    return command.mayReplicate || this.of(command) === ROUTE.STORES;
  }

  private add(command: Command): Route {
    const route = routeOf(command.row, command.fullName);
    this.routes.set(command, route);
    return route;
  }
}
