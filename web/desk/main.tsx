/** Starts the auditor's desk: the one place that touches the browser's clock, storage, randomness and address. Of a case nothing is stored. */
import { TrustMemory } from '../check/trust-memory.ts';
import { DESK_TEXTS, DeskLanguageProvider } from '../text/desk-language.ts';
import { DeskPage } from '../trace/page.tsx';
import { saveFile } from '../view/save.ts';
import { browserStore, startPage } from '../view/start.tsx';
import { Casework } from './casework.ts';
import { sameOriginDesk } from './portal.ts';

const store = browserStore();
const casework = new Casework({
  portal: sameOriginDesk,
  memory: new TrustMemory(store),
  random: (length) => crypto.getRandomValues(new Uint8Array(length)),
  now: () => Date.now(),
  save: saveFile,
});

window.addEventListener('beforeunload', (event) => {
  if (casework.state.open?.isSaved === false) event.preventDefault();
});

startPage({
  source: casework,
  store,
  texts: DESK_TEXTS,
  Language: DeskLanguageProvider,
  Page: (props) => <DeskPage casework={casework} {...props} />,
});
void casework.meet();
