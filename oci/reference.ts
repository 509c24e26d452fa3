import { OciError } from './errors.ts'
import { isDigest, type Digest } from './digest.ts'

declare const nameMark: unique symbol
/** A checked repository name of at least two components, the first of which is the project: `library/alpine`. */
export type RepositoryName = string & { readonly [nameMark]: true }
declare const tagMark: unique symbol
export type Tag = string & { readonly [tagMark]: true }
export type Reference = { tag: Tag } | { digest: Digest }

/** OCI Distribution Specification 1.1, "Pulling manifests": the forms of <name> and <reference>. */
const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const nameForm = new RegExp(`^${component}(?:/${component})*$`)
const tagForm = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/
const nameLimit = 255

export function isRepositoryName(text: string): text is RepositoryName {
  return text.length <= nameLimit && nameForm.test(text) && text.includes('/')
}

/**
 * Throws NAME_INVALID with the rule that was broken; DENIED for a name without a project, since docker tries
 * NAME_INVALID six times before it shows the reason.
 */
export function parseRepositoryName(text: string): RepositoryName {
  if (isRepositoryName(text)) return text
  const lacksProject = text.length <= nameLimit && nameForm.test(text)
  const why =
    text.length > nameLimit
      ? `a repository name has at most ${nameLimit} characters`
      : lacksProject
        ? `a repository lives in a project: use <project>/${text}, for example library/${text}`
        : 'a repository name is lower-case letters and digits, separated by one of . _ __ - inside a component ' +
          'and / between them'
  throw new OciError(lacksProject ? 'DENIED' : 'NAME_INVALID', why, { detail: { name: text.slice(0, nameLimit + 1) } })
}

export function projectOf(name: RepositoryName): string {
  return name.slice(0, name.indexOf('/'))
}

export function isTag(text: string): text is Tag {
  return tagForm.test(text)
}

/** Throws TAG_INVALID. */
export function parseTag(text: string): Tag {
  if (!isTag(text)) {
    throw new OciError('TAG_INVALID', 'a tag is up to 128 letters, digits, _ . and -, not starting with . or -', {
      detail: { tag: text.slice(0, 160) },
    })
  }
  return text
}

/** A tag or a digest; a text with a colon must be a digest. */
export function parseReference(text: string): Reference {
  if (isDigest(text)) return { digest: text }
  if (text.includes(':')) {
    throw new OciError('DIGEST_INVALID', 'the reference is neither a tag nor a sha256 or sha512 digest', {
      detail: { reference: text.slice(0, 160) },
    })
  }
  return { tag: parseTag(text) }
}
