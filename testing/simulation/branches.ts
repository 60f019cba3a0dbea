/** The branches of opening, failing and refusing that a campaign must have taken: one it never takes proves nothing. */

/** Each must match the text of at least one branch. */
export const BRANCHES: readonly RegExp[] = []

export function missingBranches(reached: ReadonlyMap<string, number>): readonly string[] {
  return BRANCHES.filter((branch) => ![...reached.keys()].some((text) => branch.test(text))).map(String)
}

/** Those that no line of {@link BRANCHES} expects: a new branch of the backend is listed before it is trusted. */
export function unlistedBranches(reached: ReadonlyMap<string, number>): readonly string[] {
  return [...reached.keys()].filter((text) => !BRANCHES.some((branch) => branch.test(text)))
}
