import type { Static } from 'typebox'
import type * as api from '../../../api/roles.ts'
import { partsOfPermission } from '../access/index.ts'
import type { Auditor, Binding, Holder } from './binding-store.ts'
import type { RoleChange } from './rules.ts'
import { isHarbors, type Role } from './store.ts'

/** The fields that a body has; each permission once. */
export function parseRole({ name, description, permissions }: Static<typeof api.RoleReq>): RoleChange {
  return {
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    ...(permissions === undefined
      ? {}
      : { permissions: [...new Set(permissions.map(({ resource, action }) => `${resource}:${action}`))] }),
  }
}

export function presentRole(role: Role): Static<typeof api.Role> {
  return {
    id: role.id,
    name: role.name,
    description: role.description,
    ...(role.projectId === null ? {} : { project_id: role.projectId }),
    built_in: isHarbors(role),
    permissions: role.permissions.map(partsOfPermission),
    bindings: role.bindings,
    creation_time: role.createdAt.toISOString(),
    update_time: role.updatedAt.toISOString(),
  }
}

const presentHolder = ({ kind, entityId, name }: Holder) => ({
  entity_id: entityId,
  entity_name: name,
  entity_type: kind === 'account' ? 'u' : 'g',
})

export function presentBinding(binding: Binding): Static<typeof api.RoleBinding> {
  const { id, projectId, roleId, roleName, repositories, addedBy, createdAt } = binding
  return {
    id,
    project_id: projectId,
    role_id: roleId,
    role_name: roleName,
    ...presentHolder(binding),
    ...(repositories === '' ? {} : { repositories }),
    added_by: addedBy,
    creation_time: createdAt.toISOString(),
  }
}

export function presentAuditor(auditor: Auditor): Static<typeof api.Auditor> {
  const { id, mayPull, addedBy, createdAt } = auditor
  return {
    id,
    ...presentHolder(auditor),
    may_pull: mayPull,
    added_by: addedBy,
    creation_time: createdAt.toISOString(),
  }
}
