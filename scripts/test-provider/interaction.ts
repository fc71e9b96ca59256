/** The provider's one page: choose a test person, give the test password. Plain HTML, no script. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Provider } from 'oidc-provider';
import { TEST_PASSWORD, type TestPerson } from './persons.ts';

export interface InteractionCall {
  readonly provider: Provider;
  readonly persons: readonly TestPerson[];
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

const MAX_FORM = 4096;

const STYLE = `body{max-width:28rem;margin:3rem auto;padding:0 1rem;font:1.0625rem/1.7 system-ui,sans-serif;color:#17212b}
.note{padding:.5rem 1rem;background:#ffdf80}label{display:block;margin-top:1rem}select,input,button{width:100%;min-height:2.75rem;font:inherit}
button{margin-top:1.5rem;color:#fff;background:#123a5e;border:0;border-radius:.5rem}.wrong{color:#a5141f}`;

function page(persons: readonly TestPerson[], isWrong: boolean): string {
  const options = persons.map(({ account, name }) => `<option value="${account}">${name}</option>`).join('');
  return `<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>样例登录 · Sample sign-in</title><style>${STYLE}</style></head><body><main><h1>样例登录</h1>
<p class="note">样例身份服务：所列人员和号码均为虚构，任何人都可以用同一口令登录。<span lang="en">Sample only: these people are invented, and anybody may sign in as any of them.</span></p>
${isWrong ? '<p class="wrong" role="alert">口令不对。<span lang="en">Wrong password.</span></p>' : ''}
<form method="post"><label>人员 <span lang="en">Person</span> <select name="account">${options}</select></label>
<label>口令 <span lang="en">Password</span>（${TEST_PASSWORD}）<input name="password" type="password" autocomplete="off" required></label>
<button>登录 <span lang="en">Sign in</span></button></form></main></body></html>`;
}

function send(response: ServerResponse, html: string, status = 200): void {
  response.writeHead(status, {
    'Content-Type': 'text/html; charset=utf-8',
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'no-referrer',
    'X-Frame-Options': 'DENY',
  });
  response.end(html);
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > MAX_FORM) throw new Error('a form of impossible length');
  }
  return new URLSearchParams(text);
}

export async function answerInteraction({ provider, persons, request, response }: InteractionCall): Promise<void> {
  try {
    const { prompt } = await provider.interactionDetails(request, response);
    if (prompt.name !== 'login') {
      // Whatever the portal may ask for is granted already (provider.ts).
      return await provider.interactionFinished(request, response, { error: 'access_denied' });
    }
    if (request.method !== 'POST') return send(response, page(persons, false));
    const form = await readForm(request);
    const account = form.get('account') ?? '';
    const isRight = form.get('password') === TEST_PASSWORD && persons.some((one) => one.account === account);
    if (!isRight) return send(response, page(persons, true), 401);
    await provider.interactionFinished(request, response, { login: { accountId: account, remember: false } });
  } catch {
    if (!response.headersSent) send(response, page(persons, false), 400);
  }
}
