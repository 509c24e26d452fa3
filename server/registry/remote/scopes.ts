import type { RepositoryName } from '../../../oci/reference.ts'

/** distribution, "Token Scope": `type:name:actions`. */
export const pullScope = (name: RepositoryName): string => `repository:${name}:pull`
export const pushScope = (name: RepositoryName): string => `repository:${name}:pull,push`
export const deleteScope = (name: RepositoryName): string => `repository:${name}:pull,push,delete`
export const catalogScope = 'registry:catalog:*'
