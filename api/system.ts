import { Type } from 'typebox'

export const ComponentHealth = Type.Object({ name: Type.String(), status: Type.Enum(['healthy', 'unhealthy']), error: Type.Optional(Type.String()) })
export const Health = Type.Object({ status: Type.Enum(['healthy', 'unhealthy']), components: Type.Array(ComponentHealth) })
