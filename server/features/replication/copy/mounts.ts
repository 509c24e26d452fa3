import type { Digest } from '../../../../oci/digest.ts'
import type { RepositoryName } from '../../../../oci/reference.ts'

/**
 * Where a target holds blobs that this process has put or seen there, to mount them instead of sending them again. Only
 * a hint: a blob that cannot be mounted is sent. `key` names the target; where the target is Marina itself it also
 * names the source, as a source must not open a blob that it has never sent.
 */
export type Mounts = {
  note(key: string, digest: Digest, repository: RepositoryName): void
  find(key: string, digest: Digest): RepositoryName | undefined
  /**
   * Runs `work` unless another call for the same blob is under way: then it waits for that one first, so that the blob
   * can be mounted from there. Rejects when the signal is aborted meanwhile.
   */
  inTurn<Result>(key: string, digest: Digest, signal: AbortSignal, work: () => Promise<Result>): Promise<Result>
}

/** `most`: how many blobs are remembered; the one noted first goes first. */
export function openMounts(most = 100_000): Mounts {
  const known = new Map<string, RepositoryName>()
  const running = new Map<string, Promise<unknown>>()
  return {
    note(key, digest, repository) {
      const id = `${key} ${digest}`
      known.delete(id)
      known.set(id, repository)
      if (known.size > most) known.delete(known.keys().next().value!)
    },
    find: (key, digest) => known.get(`${key} ${digest}`),
    async inTurn(key, digest, signal, work) {
      const id = `${key} ${digest}`
      for (let before = running.get(id); before; before = running.get(id)) await unlessAborted(before, signal)
      const mine = work()
      running.set(id, mine)
      try {
        return await mine
      } finally {
        if (running.get(id) === mine) running.delete(id)
      }
    },
  }
}

/** Waits until `other` has settled, however. */
function unlessAborted(other: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const end = () => reject(signal.reason as Error)
  if (signal.aborted) end()
  signal.addEventListener('abort', end, { once: true })
  void Promise.allSettled([other]).then(() => {
    signal.removeEventListener('abort', end)
    return resolve()
  })
  return promise
}
