import { keepCompiledCode } from './world/real/compile-cache.ts';

keepCompiledCode();
// What is loaded before that is compiled anew at each start.
const { runMain } = await import('./run-main.ts');
await runMain();
