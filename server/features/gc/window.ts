/** A part of the day, in minutes after midnight UTC; may reach over midnight. */
export type TimeWindow = { from: number; to: number }

/** Parses `22:00-06:00`, a form that the settings have checked already. */
export function parseTimeWindow(text: string): TimeWindow {
  const [from = 0, to = 0] = text.split('-').map((time) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3)))
  return { from, to }
}

export function isWithin({ from, to }: TimeWindow, now: Date): boolean {
  const minute = now.getUTCHours() * 60 + now.getUTCMinutes()
  return from < to ? minute >= from && minute < to : minute >= from || minute < to
}

/** The time at which the window begins, for the log. */
export function beginOf({ from }: TimeWindow): string {
  const two = (number: number) => String(number).padStart(2, '0')
  return `${two(Math.floor(from / 60))}:${two(from % 60)} UTC`
}
