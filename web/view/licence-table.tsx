/** What the licence says, for comparing with what is printed. */
import type { JSX } from 'preact';
import { canonicalJson, type JsonValue } from '../../core/bytes/json.ts';
import type { LicenceView } from '../../core/verify/verdict.ts';
import { formatPeriod, nameStatus } from '../../core/verify/words.ts';
import { useText } from '../text/language.ts';
import type { Text } from '../text/zh-CN.ts';

interface Row {
  readonly name: string;
  readonly value: string;
  /** A code, in digits of one width. */
  readonly isCode?: boolean;
}

function shown(value: JsonValue): string {
  return typeof value === 'string' ? value : canonicalJson(value);
}

function rowsOf({ issuer, type, identifier, validFrom, validTo, status, supersededBy, fields }: LicenceView, text: Text): Row[] {
  const { lang } = text;
  return [
    ...fields.map(({ name, value }) => ({ name: text.fields[name] ?? name, value: shown(value) })),
    { name: text.issuer, value: issuer.name === '' ? issuer.code : `${issuer.name} ${issuer.code}` },
    ...(issuer.successor === null
      ? []
      : [{ name: text.successor, value: `${issuer.successor.name} ${issuer.successor.code}`.trim() }]),
    { name: text.term, value: formatPeriod(validFrom, validTo, lang) },
    { name: text.status, value: nameStatus(status, lang) },
    { name: text.identifier, value: identifier, isCode: true },
    { name: text.type, value: type, isCode: true },
    ...(supersededBy === null ? [] : [{ name: text.newerVersion, value: supersededBy, isCode: true }]),
  ];
}

export function LicenceTable({ licence }: { readonly licence: LicenceView }): JSX.Element {
  const text = useText();
  return (
    <section class="card">
      <h2>{text.licence}</h2>
      <dl class="facts">
        {rowsOf(licence, text).map(({ name, value, isCode }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd class={isCode === true ? 'code' : undefined}>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
