// deno-fmt-ignore-file -- written by `deno task dashboard`
// deno-lint-ignore-file

/**
 * The icon of the dashboard, of `client/icon.svg`.
 *
 * @module
 */

/** What a browser gets. */
export const icon: { readonly hash: string; readonly type: string; readonly text: string } = {
  hash: "6fad99d33c2d0104",
  type: "image/svg+xml",
  text: "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\">\n  <rect width=\"32\" height=\"32\" rx=\"7\" fill=\"#0b63a5\" />\n  <path d=\"M8 22h16M8 16h11M8 10h6\" stroke=\"#fff\" stroke-width=\"3\" stroke-linecap=\"round\" />\n</svg>\n",
};
