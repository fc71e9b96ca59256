/** Accesses by month, as bars and as a table that says the same. */
import type { JSX } from 'preact';
import { type Month, monthsOf } from '../citizen/filter.ts';
import type { Row } from '../../core/citizen/row.ts';
import { useCitizenText } from '../text/citizen-language.ts';

const WIDTH = 360;
const HEIGHT = 160;
const BASE = 116;
const TOP = 22;

function Bar({
  month,
  place,
  slot,
  unit,
}: {
  readonly month: Month;
  readonly place: number;
  readonly slot: number;
  readonly unit: number;
}): JSX.Element {
  const width = Math.min(28, slot * 0.6);
  const x = place * slot + (slot - width) / 2;
  const granted = month.granted * unit;
  const others = month.others * unit;
  const sum = month.granted + month.others;
  return (
    <g>
      <rect class="bar-granted" x={x} y={BASE - granted} width={width} height={granted} />
      <rect class="bar-others" x={x} y={BASE - granted - others} width={width} height={others} />
      {sum > 0 && (
        <text class="bar-value" x={x + width / 2} y={BASE - granted - others - 6}>
          {sum}
        </text>
      )}
      <text class="bar-name" x={x + width / 2} y={BASE + 18}>
        {month.name.slice(5)}
      </text>
      {(place === 0 || month.name.endsWith('-01')) && (
        <text class="bar-name" x={x + width / 2} y={BASE + 36}>
          {month.name.slice(0, 4)}
        </text>
      )}
    </g>
  );
}

export function Chart({ rows }: { readonly rows: readonly Row[] }): JSX.Element | null {
  const text = useCitizenText();
  const months = monthsOf(rows);
  if (months.length === 0) return null;
  const most = Math.max(...months.map(({ granted, others }) => granted + others));
  const slot = WIDTH / Math.max(6, months.length);
  return (
    <section class="card" aria-labelledby="chart">
      <h2 id="chart">{text.chart}</h2>
      <svg class="chart" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-labelledby="chart">
        <line class="axis" x1={0} y1={BASE} x2={WIDTH} y2={BASE} />
        {months.map((month, place) => (
          <Bar key={month.name} month={month} place={place} slot={slot} unit={(BASE - TOP) / most} />
        ))}
      </svg>
      <p class="legend small">
        <span class="key-granted" aria-hidden="true" /> {text.chartGranted} <span class="key-others" aria-hidden="true" />{' '}
        {text.chartOthers}
      </p>
      <details>
        <summary>{text.chartTable}</summary>
        <table>
          <thead>
            <tr>
              <th scope="col">{text.chartMonth}</th>
              <th scope="col">{text.chartGranted}</th>
              <th scope="col">{text.chartOthers}</th>
            </tr>
          </thead>
          <tbody>
            {months.map(({ name, granted, others }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{granted}</td>
                <td>{others}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </section>
  );
}
