import { Type } from './type.ts'
import { operation } from './operation.ts'
import { idParam, ownBounds, pageQuery } from './requests.ts'

export const ResourceList = Type.Record(Type.String(), Type.Integer())

const QuotaRefObject = Type.Record(Type.String(), Type.Unknown())

export const Quota = Type.Object({
  id: Type.Integer(),
  ref: QuotaRefObject,
  hard: ResourceList,
  used: ResourceList,
  creation_time: Type.String({ format: 'date-time' }),
  update_time: Type.String({ format: 'date-time' }),
})

export const QuotaUpdateReq = Type.Object({
  hard: Type.Optional(ResourceList),
})

const tag = 'quota'
const params = Type.Object({ id: idParam })

export const listQuotas = operation({
  id: 'listQuotas',
  tag,
  method: 'GET',
  path: '/quotas',
  summary: 'List quotas, one for every project',
  query: Type.Object({
    ...pageQuery,
    reference: Type.Optional(
      Type.String({ maxLength: 255, ...ownBounds, description: 'project, the only kind there is' }),
    ),
    reference_id: Type.Optional(Type.String({ maxLength: 255, ...ownBounds, description: "a project's id" })),
    sort: Type.Optional(Type.String({ maxLength: 512, ...ownBounds })),
  }),
  status: 200,
  answer: Type.Array(Quota),
  page: true,
})

export const getQuota = operation({
  id: 'getQuota',
  tag,
  method: 'GET',
  path: '/quotas/{id}',
  summary: 'Get a quota',
  params,
  status: 200,
  answer: Quota,
})

export const updateQuota = operation({
  id: 'updateQuota',
  tag,
  method: 'PUT',
  path: '/quotas/{id}',
  summary: 'Set the limit of a project, -1 for none',
  params,
  body: QuotaUpdateReq,
  status: 200,
})
