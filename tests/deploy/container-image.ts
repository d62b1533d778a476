/**
 * The image without docker: what the Dockerfile says is read and done here, as far as it is ours.
 * Its build stage runs in a folder that holds what .dockerignore lets in, with the packages linked
 * instead of fetched; its last stage becomes a folder of files and the facts of a start.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  type Copy,
  DockerfileParser,
  type Instruction,
  type JSONInstruction,
} from 'dockerfile-ast';
import { ROOT } from '../support/server.ts';

export interface ContainerImage {
  /** Its files by their place in the image: those that the Dockerfile adds to node's own image. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly user: string;
  readonly workingDirectory: string;
  readonly volume: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly healthcheck: readonly string[];
  remove(): void;
}

export function buildImage(): ContainerImage {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'hypercache-image-'));
  const stages = readStages(fs.readFileSync(path.join(ROOT, 'Dockerfile'), 'utf8'));
  const [build, final] = stages as [Instruction[], Instruction[]];
  const context = path.join(scratch, 'context');
  layContext(context);
  const built = path.join(scratch, 'image');
  fs.mkdirSync(path.join(scratch, 'tmp'));
  for (const instruction of build) {
    const text = instruction.getArgumentsContent() ?? '';
    if (instruction.getKeyword() !== 'RUN' || text.startsWith('npm ci ')) continue;
    const here = text
      .replaceAll(/(^| )\/tmp\b/g, `$1${scratch}/tmp`)
      .replaceAll(' /image/', ` ${built}/`);
    execFileSync('sh', ['-ec', here], { cwd: context, stdio: 'pipe' });
  }
  const folder = path.join(scratch, 'root');
  copyFiles(final, { context, built, folder });
  return {
    folder,
    environment: environmentOf(final),
    user: argumentOf(final, 'USER'),
    workingDirectory: argumentOf(final, 'WORKDIR'),
    volume: argumentOf(final, 'VOLUME'),
    entrypoint: wordsOf(final, 'ENTRYPOINT'),
    command: wordsOf(final, 'CMD'),
    healthcheck: JSON.parse(argumentOf(final, 'HEALTHCHECK').replace(/^.*?CMD /s, '')),
    remove: () => fs.rmSync(scratch, { recursive: true, force: true }),
  };
}

/** One list of instructions for each FROM. */
function readStages(text: string): Instruction[][] {
  const stages: Instruction[][] = [];
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    if (instruction.getKeyword() === 'FROM') stages.push([]);
    else stages.at(-1)?.push(instruction);
  }
  if (stages.length !== 2) throw new Error(`the Dockerfile has ${stages.length} stages, not 2`);
  return stages;
}

/** .dockerignore is an allow-list: `*`, then `!name` for what may come in, then a pattern. */
function layContext(context: string): void {
  const lines = fs.readFileSync(path.join(ROOT, '.dockerignore'), 'utf8').split('\n');
  const allowed = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  for (const name of allowed) {
    const from = path.join(ROOT, name);
    if (!fs.existsSync(from)) continue;
    const filter = (file: string) => !file.endsWith('.test.ts');
    fs.cpSync(from, path.join(context, name), { recursive: true, filter });
  }
  fs.symlinkSync(path.join(ROOT, 'node_modules'), path.join(context, 'node_modules'));
}

function copyFiles(
  final: readonly Instruction[],
  { context, built, folder }: { context: string; built: string; folder: string },
): void {
  for (const instruction of final) {
    if (instruction.getKeyword() !== 'COPY') continue;
    const isOfBuild = (instruction as Copy).getFlags().some((flag) => flag.getName() === 'from');
    const words = instruction.getArguments().map((argument) => argument.getValue());
    const to = path.join(folder, words.at(-1)!);
    for (const word of words.slice(0, -1)) {
      const from = isOfBuild ? word.replace(/^\/image/, built) : path.join(context, word);
      // Of a folder its content is copied, of a file the file.
      const place = fs.statSync(from).isDirectory() ? to : path.join(to, path.basename(from));
      fs.cpSync(from, place, { recursive: true, verbatimSymlinks: true });
    }
  }
}

function environmentOf(stage: readonly Instruction[]): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const instruction of stage) {
    if (instruction.getKeyword() !== 'ENV') continue;
    for (const match of instruction.getArgumentsContent()!.matchAll(/(\w+)=(\S*)/g)) {
      environment[match[1]!] = match[2]!;
    }
  }
  return environment;
}

function argumentOf(stage: readonly Instruction[], keyword: string): string {
  return requireInstruction(stage, keyword).getArgumentsContent() ?? '';
}

/** In its form of a list: no shell stands between docker and the process. */
function wordsOf(stage: readonly Instruction[], keyword: string): string[] {
  const words = (requireInstruction(stage, keyword) as JSONInstruction).getJSONStrings();
  return words.map((word) => word.getJSONValue());
}

function requireInstruction(stage: readonly Instruction[], keyword: string): Instruction {
  const found = stage.find((instruction) => instruction.getKeyword() === keyword);
  if (found === undefined) throw new Error(`the Dockerfile has no ${keyword}`);
  return found;
}
