/** `veritrail trace unmask` and `approve`: one officer asks that persons be named, another agrees; only then is anything opened. */
import { hashFromHex } from '../../core/bytes/hash.ts';
import { proposalName, proposeUnmasking } from '../../core/desk/unmask.ts';
import { EXIT, print } from '../command.ts';
import { openDesk, type OfficerOptions } from './place.ts';

export async function unmask(pseudonyms: readonly string[], options: OfficerOptions): Promise<number> {
  const opened = await openDesk(options);
  try {
    const requests = (await proposeUnmasking(opened.desk, opened.judged(), pseudonyms)).map(proposalName);
    const said = options.lang === 'en' ? 'Waits for another officer’s approval:' : '等待另一名办案人员同意：';
    print(options, { waiting: requests }, [said, ...requests]);
    return EXIT.done;
  } finally {
    await opened.close();
  }
}

export async function approve(request: string, options: OfficerOptions): Promise<number> {
  const opened = await openDesk(options);
  try {
    await opened.desk.approve(hashFromHex(request));
    const { named } = opened.judged();
    const rows = [...named].map(([pseudonym, number]) => ({ pseudonym, class: number.class, id: number.id }));
    print(
      options,
      { named: rows },
      rows.map(({ pseudonym, id }) => `${pseudonym}  ${id}`),
    );
    return EXIT.done;
  } finally {
    await opened.close();
  }
}
