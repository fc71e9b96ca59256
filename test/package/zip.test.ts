/** The container: one spelling, nothing beyond its caps, no way out of a folder, no byte that nobody reads. */
import { describe, test } from 'node:test';
import { crc32, inflateRawSync } from 'node:zlib';
import { expect } from 'chai';
import fc from 'fast-check';
import { concatBytes, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { readZip, writeZip, ZIP_CAPS, type ZipPart } from '../../core/package/zip.ts';
import { expectRefusal, mangle } from '../log/mangling.ts';

const part = (name: string, text: string): ZipPart => ({ name, content: encodeUtf8(text) });
const SAMPLE = [part('case.json', '{}'), part('entries/00ff.json', 'entry '.repeat(100)), part('report.zh-CN.html', '报告')];

/** Bytes of the sample with others in their place, found by what they are. */
function replaced(from: string, to: string): Uint8Array {
  const text = Buffer.from(writeZip(SAMPLE)).toString('latin1');
  expect(from).to.have.length(to.length);
  expect(text).to.contain(from);
  return Uint8Array.from(Buffer.from(text.replaceAll(from, to), 'latin1'));
}

const nameArb = fc.stringMatching(/^[0-9a-z][0-9a-z.-]{0,20}(\/[0-9a-z][0-9a-z.-]{0,20})?$/);
const partsArb = fc.uniqueArray(fc.record({ name: nameArb, content: fc.uint8Array({ maxLength: 400 }) }), {
  selector: ({ name }) => name,
  maxLength: 12,
});

describe('a zip file', () => {
  test('has the parts that went in, in the order of their names, and the same bytes whatever their order', () => {
    fc.assert(
      fc.property(partsArb, (parts) => {
        const bytes = writeZip(parts);
        expect(writeZip(parts.toReversed())).to.deep.equal(bytes);
        expect(readZip(bytes)).to.deep.equal(parts.toSorted((a, b) => (a.name < b.name ? -1 : 1)));
      }),
    );
  });

  test('is deflated as others deflate, at the places where its directory says', () => {
    const bytes = writeZip(SAMPLE);
    const view = new DataView(bytes.buffer);
    let at = view.getUint32(bytes.length - 6, true);
    for (const { name, content } of SAMPLE) {
      const [packed, nameLength, place] = [
        view.getUint32(at + 20, true),
        view.getUint16(at + 28, true),
        view.getUint32(at + 42, true),
      ];
      const start = place + 30 + nameLength;
      expect(Buffer.from(bytes.subarray(place + 30, start)).toString()).to.equal(name);
      expect(Uint8Array.from(inflateRawSync(bytes.subarray(start, start + packed)))).to.deep.equal(content);
      expect(view.getUint32(at + 16, true)).to.equal(crc32(content));
      at += 46 + nameLength;
    }
  });

  test('is refused, or names the part, or still holds the same, whatever is done to any byte of it', () => {
    const bytes = writeZip(SAMPLE);
    let [refused, named] = [0, 0];
    for (const mangled of mangle(bytes)) {
      try {
        const parts = readZip(mangled);
        expect(parts.map(({ name }) => name)).to.deep.equal(SAMPLE.map(({ name }) => name));
        for (const [i, { content }] of parts.entries()) if (content !== null) expect(content).to.deep.equal(SAMPLE[i]!.content);
        if (parts.some(({ content }) => content === null)) named++;
      } catch (error) {
        if (!isCodedError(error, 'MALFORMED')) throw error;
        refused++;
      }
    }
    expect(refused).to.be.above(500);
    expect(named).to.be.above(20);
  });

  test('of random bytes, or with a random middle, never throws anything but MALFORMED', () => {
    const bytes = writeZip(SAMPLE);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(bytes.length), fc.boolean(), (random, at, isAlone) => {
        const input = isAlone ? random : concatBytes(bytes.subarray(0, at), random, bytes.subarray(at));
        try {
          readZip(input);
        } catch (error) {
          if (!isCodedError(error, 'MALFORMED')) throw error;
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('with a name that leads elsewhere, or stands twice, is refused', () => {
    for (const name of [
      '../../x.json',
      '/etc/passwd.x',
      'C:\\x\\y\\z.json',
      'entries/../0.j',
      'entries//0.json',
      './entries/0.j',
      'entries/.0.json',
    ])
      expectRefusal('MALFORMED', () => readZip(replaced('entries/00ff.json'.slice(0, name.length), name)));
    expectRefusal('MALFORMED', () => readZip(replaced('entries/00ff.json', 'entries\u0000/0ff.json'.slice(0, 17))));
    // Two parts of one name, or out of order.
    const twice = writeZip([part('a', '1'), part('b', '2')]);
    expectRefusal('MALFORMED', () => readZip(Uint8Array.from(twice, (byte) => (byte === 0x62 ? 0x61 : byte))));
  });

  test('with a flag, a time, an extra field, a comment, or bytes before, between or behind is refused', () => {
    const bytes = writeZip(SAMPLE);
    const changed = (offset: number, value: number): Uint8Array => bytes.with(offset, value);
    for (const offset of [4, 6, 8, 10, 12, 28]) expectRefusal('MALFORMED', () => readZip(changed(offset, 1)));
    for (const input of [
      concatBytes(Uint8Array.of(0), bytes),
      concatBytes(bytes, Uint8Array.of(0)),
      bytes.subarray(1),
      bytes.subarray(0, -1),
    ])
      expectRefusal('MALFORMED', () => readZip(input));
  });

  test('that would inflate to more than it declares, or to more than a part may be, is not inflated', () => {
    const bomb = writeZip([{ name: 'a', content: new Uint8Array(4 << 20) }]);
    // Deflate's best is 1 in 1032.
    expectRefusal('MALFORMED', () => readZip(bomb));
    const honest = writeZip([{ name: 'a', content: new Uint8Array(300).fill(7) }]);
    const view = new DataView(honest.buffer);
    const central = view.getUint32(honest.length - 6, true);
    for (const declared of [10, 299, 301]) {
      view.setUint32(22, declared, true);
      view.setUint32(central + 24, declared, true);
      expect(readZip(honest)[0]!.content).to.equal(null);
    }
    view.setUint32(22, ZIP_CAPS.partBytes + 1, true);
    view.setUint32(central + 24, ZIP_CAPS.partBytes + 1, true);
    expectRefusal('MALFORMED', () => readZip(honest));
  });

  test('has no byte after a deflated stream', () => {
    const honest = writeZip([part('a', 'content')]);
    const view = new DataView(honest.buffer);
    const packed = view.getUint32(18, true);
    const padded = concatBytes(honest.subarray(0, 31 + packed), Uint8Array.of(0x41), honest.subarray(31 + packed));
    const at = new DataView(padded.buffer);
    const central = at.getUint32(padded.length - 6, true) + 1;
    at.setUint32(18, packed + 1, true);
    at.setUint32(central + 20, packed + 1, true);
    at.setUint32(padded.length - 6, central, true);
    expect(readZip(padded)).to.deep.equal([{ name: 'a', content: null }]);
  });

  test('too large to be read again is not written', () => {
    const tooMany = Array.from({ length: ZIP_CAPS.parts + 1 }, (_, i) => ({ name: `p${i}`, content: new Uint8Array(0) }));
    expectRefusal('MALFORMED', () => writeZip(tooMany));
  });
});
