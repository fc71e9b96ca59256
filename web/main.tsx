/** Starts the clerk's page: the one place that touches the browser's clock, storage and address. */
import { digestInWorker } from './check/digest.ts';
import { Session } from './check/session.ts';
import { TrustMemory } from './check/trust-memory.ts';
import { sameOriginVerifier } from './check/verifier.ts';
import { LanguageProvider, TEXTS } from './text/language.ts';
import { Page } from './view/page.tsx';
import { browserStore, startPage } from './view/start.tsx';

const store = browserStore();
const session = new Session(
  { verifier: sameOriginVerifier, memory: new TrustMemory(store), now: () => Date.now() },
  digestInWorker,
);

startPage({
  source: session,
  store,
  texts: TEXTS,
  Language: LanguageProvider,
  Page: (props) => <Page session={session} {...props} />,
});
void session.meet();
