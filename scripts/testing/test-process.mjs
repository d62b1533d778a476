/**
 * One process that runs several files of tests, seen from outside. It is believed when it has ended
 * by itself, well, with every file run to its end; all else is a failure that names the file.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { TELLING_FD } from './telling.mjs';

const REPORTER = path.join(import.meta.dirname, 'telling-reporter.mjs');
const INSIDE = path.join(import.meta.dirname, 'run-files.mjs');
/** A process has so long to begin, on a machine that is busy. */
const STARTING_MS = 60_000;
/** After its last test a process has so long to end. */
const ENDING_MS = 10_000;
/** After its end whoever inherited its output has so long to finish. */
const OUTPUT_MS = 2_000;

/**
 * @param files  compiled tests
 * @param silenceMsMax  so long a process that has begun may tell nothing; then it is killed
 * @returns {Promise<Course>}
 */
export async function runFiles(files, { cwd, env, silenceMsMax }) {
  const child = spawn(
    process.execPath,
    ['--enable-source-maps', `--test-reporter=${REPORTER}`, INSIDE, ...files],
    {
      cwd,
      // Under `node --test` a process would tell that one, in its own way.
      env: { ...env, NODE_TEST_CONTEXT: undefined },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    },
  );
  const course = new Course(files);
  child.stdout.on('data', (bytes) => course.onOutput(bytes));
  child.stderr.on('data', (bytes) => course.onOutput(bytes));
  const kill = () => {
    course.isKilled = true;
    child.kill('SIGKILL');
  };
  let deadline = setTimeout(kill, Math.max(STARTING_MS, silenceMsMax));
  createInterface({ input: child.stdio[TELLING_FD] }).on('line', (line) => {
    course.onEvent(JSON.parse(line));
    clearTimeout(deadline);
    deadline = setTimeout(kill, course.isRun ? ENDING_MS : silenceMsMax);
  });
  const closed = once(child, 'close');
  const [code, signal] = await once(child, 'exit');
  await Promise.race([closed, sleep(OUTPUT_MS)]);
  clearTimeout(deadline);
  for (const stream of child.stdio) stream?.destroy();
  course.judge(code ?? signal);
  return course;
}

/** What becomes of the files. */
class Course {
  passedCount = 0;
  /** `{ file, name, text }` each. */
  failures = [];
  /** `{ name, reason }` each. */
  skips = [];
  /** `{ file, cpuMs }` each, processor time. */
  costs = [];
  /** What the tests themselves wrote. */
  output = '';
  /** Every file has been run to its end: it is left to end the process. */
  isRun = false;
  isKilled = false;
  runningFile = '';
  lastName = 'its start';
  /** Files whose tests have all been told of: that is some way behind their run. */
  toldFileCount = 0;
  testCount = 0;
  openResources = [];

  constructor(files) {
    this.files = files;
  }

  onOutput(bytes) {
    this.output += bytes;
  }

  onEvent({ event, ...facts }) {
    if (event === 'file') this.runningFile = facts.file;
    else if (event === 'cost') this.costs.push(facts);
    else if (event === 'end') this.isRun = true;
    else if (event === 'open') this.openResources = facts.resources;
    else if (event === 'warning') this.output += `${facts.text}\n`;
    else if (event === 'fileEnd') this.onFileEnd();
    else this.onTest(event, facts);
  }

  onTest(event, { name, text, reason }) {
    this.testCount++;
    this.lastName = name;
    if (event === 'pass') this.passedCount++;
    else if (event === 'skip') this.skips.push({ name, reason });
    else this.fail(this.files[this.toldFileCount], name, text);
  }

  onFileEnd() {
    if (this.testCount === 0)
      this.fail(this.files[this.toldFileCount], 'it has tests', 'it has none');
    this.testCount = 0;
    this.toldFileCount++;
  }

  fail(file, name, text) {
    this.failures.push({ file, name, text });
  }

  judge(ending) {
    const killed = 'nothing was heard of it any more, and it was killed';
    const manner = this.isKilled ? killed : `its process ended (${ending})`;
    const left = this.files.slice(this.toldFileCount);
    if (!this.isRun || (!this.isKilled && left.length > 0)) {
      const text = `${manner} after: ${this.lastName}\nof these not all was run: ${left.join(' ')}`;
      this.fail(this.runningFile, 'it runs to its end', text);
    } else if (this.isKilled) {
      const open = this.openResources.join(', ');
      this.fail(this.files.join(' '), 'nothing stays open', `${manner}; open: ${open}`);
    } else if (ending !== 0 && this.failures.length === 0) {
      this.fail(this.files.join(' '), 'its process ends well', manner);
    }
  }
}
