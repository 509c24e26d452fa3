import { OciError } from '../../../oci/errors.ts'
import type { RepositoryName } from '../../../oci/reference.ts'

/** OCI Distribution Specification 1.1, "Pulling manifests": the form of <name>. */
const form = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/

/** The most characters of a name that Marina sends to another registry. */
const most = 255

/** A name at another registry, which may have one component (`alpine`). Throws NAME_INVALID. */
export function remoteName(text: string): RepositoryName {
  if (isRemoteName(text)) return text
  throw new OciError('NAME_INVALID', `${JSON.stringify(text.slice(0, most))} is not the name of a repository`)
}

export function isRemoteName(text: string): text is RepositoryName {
  return text.length <= most && form.test(text)
}
