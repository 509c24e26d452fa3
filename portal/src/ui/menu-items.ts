import { common } from '../i18n/common.ts'
import type { MenuItem } from './menu.tsx'

/** The item of a row's menu that changes the row. */
export const editItem = (run: () => void, disabledBecause?: string): MenuItem => ({
  label: common().edit,
  icon: 'edit',
  disabledBecause,
  run,
})

/** The item of a row's menu that deletes the row, at the end. */
export const deleteItem = (run: () => void, disabledBecause?: string): MenuItem => ({
  label: common().delete,
  icon: 'trash',
  isDanger: true,
  disabledBecause,
  run,
})
