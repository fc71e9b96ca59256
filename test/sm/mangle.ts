/** Every small damage to some bytes: each byte left out, doubled, incremented. What a strict parser must refuse. */
export function* manglings(bytes: Uint8Array): Generator<{ damage: string; mangled: Uint8Array }> {
  for (let i = 0; i < bytes.length; i++) {
    const before = bytes.subarray(0, i);
    const after = bytes.subarray(i + 1);
    const byte = bytes[i]!;
    yield { damage: `byte ${i} left out`, mangled: Uint8Array.of(...before, ...after) };
    yield { damage: `byte ${i} doubled`, mangled: Uint8Array.of(...before, byte, byte, ...after) };
    yield { damage: `byte ${i} incremented`, mangled: Uint8Array.of(...before, byte + 1, ...after) };
  }
}
