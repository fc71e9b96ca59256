/**
 * Persons for trying things out. They belong to nobody: the division 99…… is not assigned to any region, the check characters are right.
 * Numbers are shown as what they are; there is no secret in any of them.
 */
export interface TestPerson {
  /** The account, and the subject of tokens. */
  readonly account: string;
  readonly name: string;
  readonly class: number;
  readonly id: string;
}

export const TEST_PERSONS: readonly TestPerson[] = [
  { account: 'p1', name: '样例人员甲', class: 1, id: '999900199001010014' },
  { account: 'p2', name: '样例人员乙', class: 1, id: '999900199203030021' },
  { account: 'p3', name: '样例人员丙', class: 1, id: '999900198507070036' },
  { account: 'p4', name: '样例企业丁', class: 2, id: '91999900MB00000081' },
];
