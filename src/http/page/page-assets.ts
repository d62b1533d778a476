/** One file of the page. */
export interface PageAsset {
  /** `index.html`; others hold a digest of what is in them. */
  readonly name: string;
  readonly type: string;
  /** Packed, in base64. */
  readonly gzip: string;
}

/** The build puts the page here (scripts/build-page.mjs); sources that run unbundled have none. */
export const PAGE_ASSETS: readonly PageAsset[] = [];
