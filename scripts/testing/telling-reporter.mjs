/** A reporter of node:test that tells the parent, which alone prints. */
import { inspect } from 'node:util';
import { tell } from './telling.mjs';

/** What node:test says when something went wrong in no test's time. */
const WARNING = /^(Warning|Error): /;

export default async function* report(events) {
  for await (const { type, data } of events) {
    if (type === 'test:pass') tellPass(data);
    else if (type === 'test:fail') tellFailure(data);
    else if (type === 'test:diagnostic' && WARNING.test(data.message)) {
      tell({ event: 'warning', text: data.message });
    }
  }
  yield '';
}

function tellPass({ name, nesting, details, skip, todo }) {
  if (details.type === 'suite') {
    if (nesting === 0) tell({ event: 'fileEnd', file: name });
  } else if (skip !== undefined || todo !== undefined) {
    tell({ event: 'skip', name, reason: String(skip ?? todo) });
  } else tell({ event: 'pass', name });
}

/** A suite fails with its tests, which have been told of, or by itself. */
function tellFailure({ name, nesting, details }) {
  const { type, error } = details;
  if (type !== 'suite' || error.failureType !== 'subtestsFailed') {
    tell({ event: 'fail', name, text: inspect(error.cause ?? error) });
  }
  if (type === 'suite' && nesting === 0) tell({ event: 'fileEnd', file: name });
}
