import { webhookOperations } from './webhook-policies.ts'

export const {
  listPolicies,
  createPolicy,
  getPolicy,
  updatePolicy,
  deletePolicy,
  testPolicy,
  setTargetState,
  listExecutions,
  getDelivery,
  redeliver,
  redeliverRange,
  listTasks,
  getTaskLog,
} = webhookOperations({
  path: '/system/webhook',
  scope: {},
  noun: 'SystemWebhook',
  whose: '',
  of: 'of the whole system',
})
