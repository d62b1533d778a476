/** The registry alone: what its package declares of it stands in the types of the whole. */
declare module 'prom-client/lib/registry.js' {
  export { Registry as default } from 'prom-client';
}
