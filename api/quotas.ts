import { Type } from 'typebox'

export const ResourceList = Type.Record(Type.String(), Type.Integer())

const QuotaRefObject = Type.Record(Type.String(), Type.Unknown())

export const Quota = Type.Object({
  id: Type.Optional(Type.Integer()),
  ref: Type.Optional(QuotaRefObject),
  hard: Type.Optional(ResourceList),
  used: Type.Optional(ResourceList),
  creation_time: Type.Optional(Type.String({ format: 'date-time' })),
  update_time: Type.Optional(Type.String({ format: 'date-time' })),
})

export const QuotaUpdateReq = Type.Object({
  hard: Type.Optional(ResourceList),
})
