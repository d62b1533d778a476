import { signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';

const STORAGE_KEY = 'hypercache-theme';
const NEXT: Readonly<Record<Theme, Theme>> = { system: 'light', light: 'dark', dark: 'system' };

export const theme = signal<Theme>(kept());
/** Grows when colours change: what is drawn by script draws again. */
export const themeTurn = signal(0);

export function applyTheme(): void {
  document.documentElement.dataset['theme'] = theme.value;
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => themeTurn.value++);
}

export function switchTheme(): void {
  theme.value = NEXT[theme.value];
  localStorage.setItem(STORAGE_KEY, theme.value);
  document.documentElement.dataset['theme'] = theme.value;
  themeTurn.value++;
}

/** A colour of the style, by its name there. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function kept(): Theme {
  const found = localStorage.getItem(STORAGE_KEY);
  return found === 'light' || found === 'dark' ? found : 'system';
}
