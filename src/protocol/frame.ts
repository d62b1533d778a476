export { Frame } from '../base/frame.ts';
