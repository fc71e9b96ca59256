/** How the sample's persons sign in at the test provider. */
export { TEST_PERSONS, type TestPerson } from '../../samples/persons.ts';

/** One for all of them, and no secret: the provider's page shows it. */
export const TEST_PASSWORD = 'veritrail';
