import { language } from '../i18n/language.ts'
import * as format from './format.ts'

/** The forms of format.ts in the chosen language; a component that calls one follows that choice. */
export const showCount = (count: number): string => format.formatCount(language.value, count)
export const showShare = (share: number): string => format.formatShare(language.value, share)
export const showBytes = (bytes: number): string => format.formatBytes(language.value, bytes)
export const showTime = (at: number): string => format.formatTime(language.value, at)
/** A day as the API writes it, `2026-11-30`. */
export const showDay = (day: string): string => format.formatDay(language.value, day)
export const showAgo = (at: number, now: number): string => format.formatAgo(language.value, at, now)
export const showDuration = (ms: number): string => format.formatDuration(language.value, ms)
