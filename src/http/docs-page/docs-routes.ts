/** The description of the API, for programs and for people; `http.docs` switches both off. */
import type { NodeServices } from '../../commands/node-services.ts';
import { type RouteAnswer, type RouteRow, refusal } from '../route-row.ts';
import { DOCS_MARKUP, DOCS_SCRIPT, DOCS_STYLE } from './docs-assets.ts';
import { describeApi } from './openapi.ts';

/** The page runs no script and has no style but its own files. */
const PAGE_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
};

/** @param rows  of all routes, these included; asked for when the description is */
export function createDocsRoutes(rows: () => readonly RouteRow[]): readonly RouteRow[] {
  return [
    {
      ...docsRow('/api/openapi.json', 'getApiDescription', 'Describes this API, as OpenAPI 3.1'),
      handle: ({ services }) =>
        whenOn(services, () => {
          const text = JSON.stringify(describeApi(rows(), { version: services.version }));
          return { status: 200, content: { type: 'application/json; charset=utf-8', bytes: text } };
        }),
    },
    assetRow('/docs', 'getDocs', { type: 'text/html', text: DOCS_MARKUP }),
    assetRow('/docs/docs.css', 'getDocsStyle', { type: 'text/css', text: DOCS_STYLE }),
    assetRow('/docs/docs.js', 'getDocsScript', { type: 'text/javascript', text: DOCS_SCRIPT }),
  ];
}

function assetRow(
  path: string,
  operationId: string,
  { type, text }: { readonly type: string; readonly text: string },
): RouteRow {
  return {
    ...docsRow(path, operationId, 'The page that shows this description'),
    responses: { 200: { description: 'The file', contentType: type } },
    handle: ({ services }) =>
      whenOn(services, () => ({
        status: 200,
        headers: PAGE_HEADERS,
        content: { type: `${type}; charset=utf-8`, bytes: text },
      })),
  };
}

/** Who may ask for the commands may ask for the routes. */
function docsRow(path: string, operationId: string, summary: string): Omit<RouteRow, 'handle'> {
  return {
    method: 'GET',
    path,
    operationId,
    summary,
    tag: 'docs',
    access: { by: 'route', command: 'command docs' },
    responses: {
      200: {
        description: 'The description',
        contentType: 'application/json',
        schema: { type: 'object' },
      },
    },
  };
}

function whenOn({ configuration }: NodeServices, answer: () => RouteAnswer): RouteAnswer {
  return configuration.http.docsEnabled ? answer() : refusal(404, 'There is no such route');
}
