/** Looking in a sorted list. */

/** The first index for which `isPast` holds, or `length`; once it holds, it holds for all that follow. */
export function firstIndex(length: number, isPast: (index: number) => boolean): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isPast(middle)) high = middle
    else low = middle + 1
  }
  return low
}

/** How many of these ascending numbers are at most `limit`. */
export function countUpTo(numbers: readonly number[], limit: number): number {
  return firstIndex(numbers.length, (index) => (numbers[index] as number) > limit)
}
