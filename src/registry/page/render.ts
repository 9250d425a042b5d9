import { html, type Html } from "./html.ts";

export interface RepositoryRow {
  readonly name: string;
  readonly tags: number;
  /** There are more tags than were counted. */
  readonly more: boolean;
}

export interface TagRow {
  readonly tag: string;
  readonly digest: string;
  /** `linux/amd64`; several for an index; none for what is no image. */
  readonly platforms: readonly string[];
  readonly bytes: number;
  /** As RFC 3339 has it; undefined where nobody says. */
  readonly created: string | undefined;
}

export function repositoriesPage(host: string, rows: readonly RepositoryRow[], next: string | undefined): string {
  const table = html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th scope="col">Repository</th>
          <th scope="col" class="number">Tags</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ({ name, tags, more }) =>
            html`<tr>
              <td><a href="/repositories/${name}">${name}</a></td>
              <td class="number">${tags}${more ? "+" : ""}</td>
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`;
  const body = rows.length === 0 ? html`<p>Nothing has been pushed yet: <code>docker push ${host}/NAME:TAG</code></p>` : table;
  return page(
    "Repositories",
    html`<h1>Repositories</h1>
      <p>of the registry at ${host}</p>
      ${body}${nextOf(next)}`,
  );
}

export function repositoryPage(host: string, name: string, rows: readonly TagRow[], next: string | undefined): string {
  const table = html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th scope="col">Tag</th>
          <th scope="col">Platforms</th>
          <th scope="col" class="number">Size</th>
          <th scope="col">Created</th>
          <th scope="col">Digest</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ({ tag, platforms, bytes, created, digest }) =>
            html`<tr>
              <td>${tag}</td>
              <td>${platforms.length === 0 ? "–" : platforms.join(", ")}</td>
              <td class="number">${sizeText(bytes)}</td>
              <td>${dayOf(created)}</td>
              <td><code title="${digest}">${digest.slice(0, 19)}</code></td>
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`;
  const tag = rows[0]?.tag ?? "TAG";
  const body = rows.length === 0 ? html`<p>It has no tags.</p>` : table;
  return page(
    name,
    html`<nav><a href="/">All repositories</a></nav>
      <h1>${name}</h1>
      <p><code>docker pull ${host}/${name}:${tag}</code></p>
      ${body}${nextOf(next)}`,
  );
}

export function missingPage(what: string): string {
  return page(
    "Not here",
    html`<nav><a href="/">All repositories</a></nav>
      <h1>Not here</h1>
      <p>${what}</p>`,
  );
}

function page(title: string, body: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <link rel="stylesheet" href="/style.css" />
      </head>
      <body>
        <main>${body}</main>
        <footer>Dhow registry</footer>
      </body>
    </html> `.text;
}

function nextOf(next: string | undefined): Html {
  return next === undefined ? html`` : html`<p><a rel="next" href="${next}">More</a></p>`;
}

const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** `12.3 MB`: as Docker's own lists have it, by powers of 1000. */
function sizeText(bytes: number): string {
  const power = Math.min(UNITS.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${power === 0 ? value : value.toPrecision(3)} ${UNITS[power] ?? "B"}`;
}

/** The day alone; what a configuration says is anybody's text. */
function dayOf(created: string | undefined): string {
  const day = /^\d{4}-\d\d-\d\d/.exec(created ?? "")?.[0];
  return day === undefined || day < "1980" ? "–" : day;
}
