/** What the holder can take along, and the check that needs nobody: evidence out, evidence in. */
import type { JSX } from 'preact';
import { canonicalJson } from '../../core/bytes/json.ts';
import { type Evidence, formatEvidence } from '../../core/verify/evidence.ts';
import { useText } from '../text/language.ts';
import { saveFile } from './save.ts';

interface SaveEvidenceProps {
  readonly fileName: string;
  readonly evidence: Evidence;
  readonly isUrgent: boolean;
}

function saveEvidence(fileName: string, evidence: Evidence): void {
  saveFile(`${fileName}.evidence.json`, 'application/json', canonicalJson(formatEvidence(evidence)));
}

export function SaveEvidence({ fileName, evidence, isUrgent }: SaveEvidenceProps): JSX.Element {
  const text = useText();
  return (
    <div class="offer">
      <button
        type="button"
        class={isUrgent ? 'button primary' : 'button'}
        data-action="save-evidence"
        onClick={() => saveEvidence(fileName, evidence)}
      >
        {text.saveEvidence}
      </button>
      <p class="small">{text.saveEvidenceNote}</p>
    </div>
  );
}

/** `onCheck` is null while no trust file is known for the evidence's chain. */
export function OfflineOffer({ onCheck }: { readonly onCheck: (() => void) | null }): JSX.Element {
  const text = useText();
  if (onCheck === null) return <p class="small">{text.noTrustForEvidence}</p>;
  return (
    <div class="offer">
      <button type="button" class="button primary" data-action="check-offline" onClick={onCheck}>
        {text.checkOffline}
      </button>
      <p class="small">{text.checkOfflineNote}</p>
    </div>
  );
}
