import { signal } from '@preact/signals';
import type { ComponentChildren, FunctionComponent } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { findWhetherLoginIsNeeded, login, logOut, userName } from './api.ts';
import { figures, followFigures, isConnected } from './events.ts';
import { switchTheme, theme } from './theme.ts';
import { ClientsView } from './views/clients.tsx';
import { ConsoleView } from './views/console.tsx';
import { KeysView } from './views/keys.tsx';
import { LoginView } from './views/login.tsx';
import { LogsView } from './views/logs.tsx';
import { OverviewView } from './views/overview.tsx';
import { PersistenceView } from './views/persistence.tsx';
import { SlowLogView } from './views/slow-log.tsx';
import { StoresView } from './views/stores.tsx';

interface View {
  readonly path: string;
  readonly title: string;
  readonly body: FunctionComponent;
}

const VIEWS: readonly View[] = [
  { path: '', title: 'Overview', body: OverviewView },
  { path: 'stores', title: 'Stores', body: StoresView },
  { path: 'keys', title: 'Keys', body: KeysView },
  { path: 'console', title: 'Console', body: ConsoleView },
  { path: 'slow-log', title: 'Slow log', body: SlowLogView },
  { path: 'clients', title: 'Clients', body: ClientsView },
  { path: 'persistence', title: 'Persistence', body: PersistenceView },
  { path: 'logs', title: 'Logs', body: LogsView },
];

const path = signal(pathNow());
addEventListener('hashchange', () => {
  path.value = pathNow();
});

export function App() {
  useEffect(() => void findWhetherLoginIsNeeded(), []);
  const isIn = login.value === 'done';
  useEffect(() => (isIn ? followFigures() : undefined), [isIn]);
  if (login.value === 'unknown') return <p class="quiet waiting">Asking the node ...</p>;
  return login.value === 'needed' ? <LoginView /> : <Shell />;
}

function Shell() {
  const view = VIEWS.find((one) => one.path === path.value) ?? VIEWS[0]!;
  const heading = useRef<HTMLHeadingElement>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    document.title = `${view.title} · HyperCache`;
    // Who hears the page is told of the new view; the first one is read anyway.
    if (!isFirst.current) heading.current?.focus();
    isFirst.current = false;
  }, [view]);
  return (
    <div class="shell">
      <Side current={view} onSkip={() => heading.current?.focus()} />
      <main>
        <h1 ref={heading} tabIndex={-1}>
          {view.title}
        </h1>
        <Connection />
        <view.body key={view.path} />
      </main>
    </div>
  );
}

function Side({ current, onSkip }: { current: View; onSkip: () => void }) {
  return (
    <header class="side">
      <button type="button" class="skip" onClick={onSkip}>
        Skip to content
      </button>
      <div class="brand">
        <strong>HyperCache</strong>
        <span class="quiet">{figures.value?.process.id ?? ''}</span>
      </div>
      <nav aria-label="Views">
        {VIEWS.map((view) => (
          <a
            key={view.path}
            href={`#${view.path}`}
            {...(view === current ? { 'aria-current': 'page' } : {})}
          >
            {view.title}
          </a>
        ))}
      </nav>
      <div class="side-end">
        <SideButton onClick={switchTheme}>Theme: {theme}</SideButton>
        {userName.value === '' ? null : <SideButton onClick={logOut}>Log out</SideButton>}
      </div>
    </header>
  );
}

function SideButton({ onClick, children }: { onClick: () => void; children: ComponentChildren }) {
  return (
    <button type="button" class="plain" onClick={onClick}>
      {children}
    </button>
  );
}

function Connection() {
  return (
    <div role="status">
      {isConnected.value ? null : (
        <p class="note bad">
          The node does not answer. What you see is its last word; the page tries again each second.
        </p>
      )}
    </div>
  );
}

function pathNow(): string {
  return location.hash.slice(1).split('?')[0]!;
}
