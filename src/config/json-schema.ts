import { SETTINGS } from './config-table.ts';
import type { Setting } from './table/setting.ts';
import { STORE_SETTINGS } from './table/store-settings.ts';

type Schema = Readonly<Record<string, unknown>>;

/** JSON schema (2020-12) of a YAML configuration file. */
export function configurationSchema(): Schema {
  const sections: Record<string, { type: string; properties: Record<string, Schema> }> = {};
  for (const row of SETTINGS) {
    const [head, ...rest] = row.path.split('.') as [string, ...string[]];
    sections[head] ??= { type: 'object', properties: {} };
    sections[head].properties[rest.join('.')] = propertyOf(row);
  }
  const closed = Object.entries(sections).map(([name, section]) => [
    name,
    { ...section, additionalProperties: false },
  ]);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'HyperCache configuration',
    type: 'object',
    additionalProperties: false,
    properties: { ...Object.fromEntries(closed), stores: storesSchema() },
  };
}

function propertyOf(row: Setting): Schema {
  const initial = row.section === 'inert' ? row.initial : row.codec.print(row.initial);
  return { ...row.codec.schema, description: row.help, default: initial };
}

function storesSchema(): Schema {
  const properties = STORE_SETTINGS.map((row) => [
    row.name,
    { ...row.codec.schema, description: row.help },
  ]);
  return {
    type: 'array',
    items: {
      type: 'object',
      required: ['name'],
      additionalProperties: false,
      properties: Object.fromEntries(properties),
    },
  };
}
