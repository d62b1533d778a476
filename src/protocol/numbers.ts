export * from '../base/numbers.ts';
