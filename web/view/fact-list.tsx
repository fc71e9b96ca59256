/** What is said of one thing, name by name; what nobody can say is left out. */
import type { JSX } from 'preact';

export type FactRow = readonly [name: string, value: JSX.Element | string | null];

export function FactList({ rows }: { readonly rows: readonly FactRow[] }): JSX.Element {
  return (
    <dl class="facts">
      {rows.map(([name, value]) =>
        value === null ? null : (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}
