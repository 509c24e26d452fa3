/**
 * Memory of `slab.bytes` bytes is used for one long answer after the other, at most `slab.most` are kept: new memory of
 * this size comes from the system page by page, which took longer than all that is written into it.
 */
const slab = { bytes: 262_144, most: 4 }
const spare: ArrayBuffer[] = []

/** Memory of 256 KiB, with bytes of earlier answers in it. */
export const takeSlab = (): Buffer => Buffer.from(spare.pop() ?? new ArrayBuffer(slab.bytes))

/** Takes the memory of an answer back, once it is sent or its connection is gone. Other memory is left alone. */
export function giveBack({ buffer }: Buffer): void {
  if (buffer.byteLength === slab.bytes && spare.length < slab.most) spare.push(buffer as ArrayBuffer)
}
