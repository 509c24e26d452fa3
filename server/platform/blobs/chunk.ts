const givenAway = new WeakSet<ArrayBufferLike>()

/**
 * Says that whoever has copied this chunk may free its memory. Only for a chunk that nobody reads again once the next
 * one was asked for; one that shares its memory with others, as those of TLS do, is left alone.
 */
export function giveAway(chunk: Uint8Array): void {
  if (hasAll(chunk)) givenAway.add(chunk.buffer)
}

/**
 * Frees the memory of a chunk that was given away and has been copied. Node reads each piece of a socket into memory of
 * its own, up to 64 KiB, of which V8's heap sees next to nothing: without this, V8 collected its whole heap after every
 * 64 MB, which doubled the processor time of a large upload.
 */
export function free({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && givenAway.delete(buffer)) buffer.transfer(0)
}

/** Frees the memory of a chunk that nobody reads any more, unless it shares that memory with others. */
export function freeNow(chunk: Uint8Array): void {
  if (hasAll(chunk) && chunk.buffer instanceof ArrayBuffer) chunk.buffer.transfer(0)
}

/** Whether the chunk has its memory for itself. */
const hasAll = ({ byteLength, buffer }: Uint8Array): boolean => byteLength > 0 && byteLength === buffer.byteLength
