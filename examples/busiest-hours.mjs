// When is the work done? A projection over the log that `perdure demo` makes:
//   npx perdure project examples/busiest-hours.mjs --store file:.perdure/demo
import { defineProjection } from 'perdure'

export default defineProjection({
  name: 'busiest-hours',
  version: 1,
  initial: () => Object.fromEntries(Array.from({ length: 24 }, (_, hour) => [`${hour}:00`, 0])),
  on: {
    commit_authored: (commits, event) => {
      // `occurred` keeps the author's own clock: the hour is what their wall said.
      const hour = event.occurred === undefined ? undefined : Number(event.occurred.slice(11, 13))
      if (hour !== undefined) commits[`${hour}:00`]++
      return commits
    },
  },
})
