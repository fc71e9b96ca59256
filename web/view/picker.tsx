/** Where a file is picked or dropped. A real file input carries it, so that keyboard and screen reader work as they do anywhere. */
import type { JSX, TargetedEvent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useText } from '../text/language.ts';

type OnPick = (files: readonly File[]) => void;

interface PickButtonProps {
  readonly label: string;
  readonly isPrimary: boolean;
  readonly onPick: OnPick;
}

export function PickButton({ label, isPrimary, onPick }: PickButtonProps): JSX.Element {
  const pick = (event: TargetedEvent<HTMLInputElement>): void => {
    const input = event.currentTarget;
    const files = [...(input.files ?? [])];
    // So that picking the same file again is a change again.
    input.value = '';
    if (files.length > 0) onPick(files);
  };
  return (
    <label class={isPrimary ? 'button primary' : 'button'}>
      <input class="file-input" type="file" multiple onChange={pick} />
      <span>{label}</span>
    </label>
  );
}

/** Files may be dropped anywhere on the page; true while some are held over it. */
export function useDrop(onPick: OnPick): boolean {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const over = (event: DragEvent): void => {
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent): void => {
      if (event.relatedTarget === null) setOver(false);
    };
    const drop = (event: DragEvent): void => {
      event.preventDefault();
      setOver(false);
      const files = [...(event.dataTransfer?.files ?? [])];
      if (files.length > 0) onPick(files);
    };
    window.addEventListener('dragover', over);
    window.addEventListener('dragleave', leave);
    window.addEventListener('drop', drop);
    return () => {
      window.removeEventListener('dragover', over);
      window.removeEventListener('dragleave', leave);
      window.removeEventListener('drop', drop);
    };
  }, [onPick]);
  return isOver;
}

export function DropZone({ onPick }: { readonly onPick: OnPick }): JSX.Element {
  const text = useText();
  return (
    <div class="drop-zone">
      <PickButton label={text.pick} isPrimary onPick={onPick} />
      <p class="drop-hint">{text.drop}</p>
      <p class="small">{text.pickHint}</p>
    </div>
  );
}
