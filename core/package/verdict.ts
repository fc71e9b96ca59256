/**
 * What checking a package comes to: closed lists of checks and reasons. `valid` says that the package is whole, as its authority made it, and that
 * its entries stand in anchored logs. It does not say that what was done was right: that an access had no duty is what a package shows.
 */
export const PACKAGE_CHECK_IDS = [
  'part',
  'manifest',
  'case',
  'chain',
  'look-up',
  'log',
  'entry',
  'papers',
  'naming',
  'record',
  'result',
] as const;
export type PackageCheckId = (typeof PACKAGE_CHECK_IDS)[number];

export const PACKAGE_REASONS = [
  'BAD_COMMITMENT',
  'BAD_PROOF',
  'BAD_SIGNATURE',
  'DOUBTED_LOG',
  'NOT_APPROVED',
  'NOT_CONFIRMED',
  'NOT_NAMED',
  'NOT_RECORDED',
  'OTHER_CASE',
  'OTHER_CHAIN',
  'OTHER_LOG',
  'OTHER_NAME',
  'PART_ADDED',
  'PART_ALTERED',
  'PART_MISSING',
  'PART_SWAPPED',
  'PART_UNREADABLE',
  'RESULT_DIFFERS',
  'UNKNOWN_KEY',
] as const;
export type PackageReason = (typeof PACKAGE_REASONS)[number];

export interface PackageFinding {
  readonly check: PackageCheckId;
  /** Name of the part, perhaps with the place in it after a `#`. */
  readonly part: string;
  readonly outcome: 'fail' | 'unknown';
  readonly code: PackageReason;
  readonly facts: Readonly<Record<string, string | number | null>>;
}

export interface PackageVerdict {
  readonly verdict: 'valid' | 'invalid' | 'undetermined';
  /** Each once, in the order of the checks. */
  readonly reasons: readonly PackageReason[];
  /** How many times each check was asked and passed. */
  readonly passed: Readonly<Record<PackageCheckId, number>>;
  /** All that did not pass, in the order of the checks. */
  readonly findings: readonly PackageFinding[];
}

/** Collects; nothing here stops at the first thing that does not hold. */
export class PackageFindings {
  readonly #findings: PackageFinding[] = [];
  readonly #passed = Object.fromEntries(PACKAGE_CHECK_IDS.map((id) => [id, 0])) as Record<PackageCheckId, number>;

  get hasFailed(): boolean {
    return this.#findings.some(({ outcome }) => outcome === 'fail');
  }

  pass(check: PackageCheckId): void {
    this.#passed[check]++;
  }

  fail(check: PackageCheckId, part: string, code: PackageReason, facts: PackageFinding['facts'] = {}): void {
    this.#findings.push({ check, part, outcome: 'fail', code, facts });
  }

  unknown(check: PackageCheckId, part: string, code: PackageReason, facts: PackageFinding['facts'] = {}): void {
    this.#findings.push({ check, part, outcome: 'unknown', code, facts });
  }

  verdict(): PackageVerdict {
    const order = (check: PackageCheckId): number => PACKAGE_CHECK_IDS.indexOf(check);
    const findings = this.#findings.toSorted((a, b) => order(a.check) - order(b.check));
    const failed = findings.filter(({ outcome }) => outcome === 'fail');
    const deciding = failed.length > 0 ? failed : findings;
    const isShown = this.#passed.manifest === 1 && this.#passed.case === 1;
    return {
      verdict: failed.length > 0 ? 'invalid' : findings.length > 0 || !isShown ? 'undetermined' : 'valid',
      reasons: [...new Set(deciding.map(({ code }) => code))],
      passed: this.#passed,
      findings,
    };
  }
}
