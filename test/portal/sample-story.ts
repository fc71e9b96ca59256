/** What happened to one person's data, told for the tests of page and interface. */
import { DAY, INSURANCE, OTHER, PERSON, POLICE, SEALING } from './access-log.ts';
import { AccessStory } from './story.ts';

/** A month and a half of one person's data: ordinary readings, a refused one, break-glass, an erased one, objections. */
export function sampleStory(): AccessStory {
  const story = new AccessStory();
  story.anchorAll();
  const first = story.read(POLICE, PERSON, { others: [OTHER] });
  const objection = story.object(POLICE, PERSON, first, '我没有申请过不动产登记，请说明是谁在办理。');
  story.anchorAll();
  story.answerTo(POLICE, PERSON, objection, '经查，系同名申请人误录，已更正并提醒经办人。');
  const odd = story.read(POLICE, PERSON, {
    request: { matter: '居民身份核验', cause: '窗口核验身份', purpose: 'identity.verification' },
    outcome: { fields: [{ class: 'identity', name: '姓名' }] },
  });
  story.object(POLICE, PERSON, odd, '当天我不在本市，为何核验我的身份？');
  story.tick(20 * DAY);
  story.anchorAll();
  const old = story.read(POLICE, PERSON);
  story.erase(POLICE, PERSON, old);
  story.tick(10 * DAY);
  story.anchorAll();
  story.read(POLICE, PERSON, {
    request: { purpose: 'statistics.official', matter: '人口抽样', cause: '统计抽样' },
    outcome: { result: 'refused', code: 'NO_DUTY', fields: [] },
  });
  story.read(POLICE, PERSON, {
    request: {
      purpose: 'service.requested',
      breakGlass: '急诊抢救，须立即确认身份',
      matter: '急救',
      cause: '抢救伤员',
      operator: { id: 'D-0002', publicKey: null, role: '急救值班' },
    },
    outcome: {
      fields: [
        { class: 'health', name: '血型' },
        { class: 'identity', name: '姓名' },
      ],
    },
  });
  story.tick(8 * DAY);
  story.anchorAll();
  story.clock = Date.now() - 60_000;
  story.read(POLICE, PERSON, {
    request: { action: 'verify', matter: '社会保障卡申领', cause: '核对姓名与号码是否一致' },
    outcome: { fields: [{ class: 'identity', name: '姓名' }] },
  });
  story.addSeals(SEALING, '样例市监察委员会', { count: 3, overdue: 1 });
  story.read(INSURANCE, OTHER);
  story.anchorAll();
  return story;
}
