import type { Document } from 'yaml';
import type { Configuration } from '../base/configuration.ts';
import { SETTINGS } from './config-table.ts';
import { initialConfiguration } from './settle-configuration.ts';
import type { Yaml } from './sources/yaml-file.ts';
import { Refusal } from './table/codec.ts';
import type { Setting } from './table/setting.ts';
import { readSetting } from './table/setting.ts';

/**
 * CONFIG REWRITE of a YAML file: comments, order and spelling stay; a value that changed is
 * replaced where it stands, one that is new and no default is added to its section.
 * @param text    the file as it is now
 * @param chosen  paths whose value somebody chose
 */
export function rewriteYaml(
  yaml: Yaml,
  text: string,
  { now, chosen }: { now: Configuration; chosen: ReadonlySet<string> },
): string {
  const document = yaml.parseDocument(text);
  if (document.errors.length > 0) throw new Error('the file is no YAML any more');
  const defaults = initialConfiguration('hypercache');
  for (const row of SETTINGS) {
    const value = readSetting(now, row);
    const isDefault = printed(row, value) === printed(row, readSetting(defaults, row));
    const place = row.path.split('.');
    const isThere = document.hasIn(place);
    if (isThere ? isSame(document, row, value) : isDefault || !chosen.has(row.path)) continue;
    document.setIn(place, document.createNode(row.codec.print(value)));
  }
  return document.toString({ lineWidth: 0 });
}

function isSame(document: Document, row: Setting, value: unknown): boolean {
  const written: unknown = document.getIn(row.path.split('.'));
  if (typeof written === 'object' && written !== null) {
    const items = (written as { toJSON?: () => unknown }).toJSON?.();
    if (!Array.isArray(items)) return false;
    const list = row.codec.parseList?.(items.map(String)) ?? new Refusal('no list');
    return !(list instanceof Refusal) && printed(row, list) === printed(row, value);
  }
  const parsed = row.codec.parse(String(written ?? ''));
  return !(parsed instanceof Refusal) && printed(row, parsed) === printed(row, value);
}

function printed(row: Setting, value: unknown): string {
  return row.codec.printRedis(value);
}
