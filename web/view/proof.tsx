/** What the verdict rests on, in figures: checkpoint, anchor, witnesses, entries. One click away, for whoever wants to check the check. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { formatInstant } from '../../core/verify/words.ts';
import type { Ground, Told } from '../check/check.ts';
import { logIdIn, type ProvenLine, provenLines } from '../check/proven.ts';
import { useText } from '../text/language.ts';
import type { Text } from '../text/zh-CN.ts';

type Row = readonly [name: string, value: string];

function checkpointRows({ verdict: { checkpoint } }: Told, text: Text): Row[] {
  if (checkpoint === null) return [];
  return [
    [text.origin, checkpoint.origin],
    [text.logId, encodeHex(logIdIn(checkpoint))],
    [text.size, String(checkpoint.size)],
    [text.rootHash, encodeHex(checkpoint.rootHash)],
    [text.mapRoot, encodeHex(checkpoint.mapRoot)],
    [text.issuedAt, formatInstant(checkpoint.issuedAt, text.lang)],
  ];
}

function anchorRows({ verdict: { anchor, checks } }: Told, text: Text): Row[] {
  const { count, quorum } = checks.find(({ id }) => id === 'witnesses')?.facts ?? {};
  const witnesses: Row[] =
    typeof count === 'number' && typeof quorum === 'number' ? [[text.witnesses, text.witnessCount(count, quorum)]] : [];
  if (anchor === null) return [[text.anchor, text.notAnchored], ...witnesses];
  return [
    [text.blockNumber, String(anchor.blockNumber)],
    [text.blockHash, encodeHex(anchor.blockHash)],
    [text.anchoredAt, formatInstant(anchor.anchoredAt, text.lang)],
    [text.anchoredBy, text.by[anchor.by]],
    ...witnesses,
  ];
}

function entryRows(line: ProvenLine, text: Text): Row[] {
  const { about, kind, entryIndex, recordedAt, provedFrom, provedTo } = line;
  const instant = (ms: number): string => formatInstant(ms, text.lang);
  const name = (kind && text.kinds[kind]) ?? text.unknownKind;
  return [
    [text.entryKind, `${name} · ${text.about[about]}`],
    [text.entryIndex, String(entryIndex)],
    [text.recordedAt, instant(recordedAt)],
    [text.provedTime, text.provedBetween(instant(provedFrom), provedTo === null ? null : instant(provedTo))],
  ];
}

function Rows({ title, rows }: { readonly title: string; readonly rows: readonly Row[] }): JSX.Element {
  return (
    <section>
      <h3>{title}</h3>
      <dl class="facts">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd class="code">{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** Computed only where it is opened: the proved times cost a few signatures. */
function ProofBody({ told, ground }: { readonly told: Told; readonly ground: Ground }): JSX.Element {
  const text = useText();
  return (
    <>
      <Rows title={text.checkpoint} rows={checkpointRows(told, text)} />
      <Rows title={text.anchor} rows={anchorRows(told, text)} />
      {provenLines(told, ground).map((line, place) => (
        <Rows key={line.entryIndex} title={place === 0 ? text.entries : ''} rows={entryRows(line, text)} />
      ))}
    </>
  );
}

export function Proof({ told }: { readonly told: Told }): JSX.Element | null {
  const text = useText();
  const [isOpen, setOpen] = useState(false);
  const { ground, verdict } = told;
  if (ground === null || verdict.checkpoint === null) return null;
  return (
    <details class="card proof" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{text.proof}</summary>
      {isOpen && <ProofBody told={told} ground={ground} />}
    </details>
  );
}
