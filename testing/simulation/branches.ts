/** The branches of opening, failing and refusing that a campaign must have taken: one it never takes proves nothing. */

/** Each must match a branch that was reached, and each branch reached must match one of these. */
export const BRANCHES: readonly RegExp[] = [
  /^folder: made a new log$/,
  /^folder: a log of # segments?$/,
  /^lock: held by this process$/,
  /^head: position #$/,
  /^head: position #; one slot was torn, the other counts$/,
  /^head at rest: as it was$/,
  /^head at rest: moved on to position #$/,
  /^head at rest: says now that there are current values$/,
  /^segments: # by header and footer, # byte by byte$/,
  /^torn end: none$/,
  /^torn end: # bytes set aside in \/store\/torn\/#: a mark has no end;/,
  /^torn end: # bytes set aside in \/store\/torn\/#: neither a mark nor a footer stands here;/,
  // The rarest ones stand together: only few of all flips and tears look like them.
  /^torn end: # bytes set aside in \/store\/torn\/#: (the mark's (bytes|last|sha#) does not agree with|a group of #)/,
  /^torn end: # bytes set aside in \/store\/torn\/#: the group is cut short;/,
  /^torn end: # bytes set aside in \/store\/torn\/#: the group is not what its mark says;/,
  /^torn end: # bytes set aside in \/store\/torn\/#\.#: /,
  /^above the head: nothing$/,
  /^above the head: # whole groups? kept, written again and synced$/,
  /^leftovers: none$/,
  /^leftovers: # unfinished files? removed$/,
  /^indexes: all there$/,
  /^indexes: # index(es)? built again$/,
  /^current values: none$/,
  /^current values: # keys?, up to revision #$/,
  /^current values: none; # unfinished files? removed$/,
  /^current values: # keys?.*; # writes? above the head kept, written again and synced; the head moved on/,
  /^current values: # keys?.*; # bytes set aside in \/store\/torn\/kv-#: (a mark has no end|neither a mark)/,
  /^current values: # keys?.*; # bytes set aside in \/store\/torn\/kv-#: the group is (cut short|not what its mark says)/,
  /^current values: # keys?.*; # bytes set aside in \/store\/torn\/kv-#: (the mark's|a group of #)/,
  /^current values: # keys?.*; # bytes set aside in \/store\/torn\/kv-#\.#: /,
  /^current values: # keys?.*; a torn slot of the head written again/,
  /^current values: # keys?.*; # unfinished files? removed/,
  /^current values: # keys?.*; a compacted file that the head does not name removed/,
  /^current values: # keys?.*; a file from before a compaction removed/,
  /^put: disk-full, written no$/,
  /^put: sync-failed, written (no|unknown)$/,
  /^put: backend-failed, written no$/,
  /^put: backend-failed, written unknown$/,
  /^snapshot: disk-full, written no$/,
  /^snapshot: backend-failed, written (no|unknown)$/,
  /^a snapshot: malformed$/,
  /^refused: kv-corrupt$/,
  /^append: disk-full, written no$/,
  /^append: sync-failed, written unknown$/,
  /^append: sync-failed, written no$/,
  /^append: backend-failed, written unknown$/,
  /^append: backend-failed, written no$/,
  /^open: backend-failed$/,
  /^open: disk-full$/,
  /^open: (log-corrupt|kv-corrupt|store-missing), after a lying sync$/,
  /^refused: log-corrupt$/,
  /^refused: head-missing$/,
  /^repaired: made a head$/,
  /^refused: format-newer$/,
  /^refused when asked for places$/,
  /^verify: finds the damage$/,
]

export function missingBranches(reached: ReadonlyMap<string, number>): readonly string[] {
  return BRANCHES.filter((branch) => ![...reached.keys()].some((text) => branch.test(text))).map(String)
}

/** Those that no line of {@link BRANCHES} expects: a new branch of the backend is listed before it is trusted. */
export function unlistedBranches(reached: ReadonlyMap<string, number>): readonly string[] {
  return [...reached.keys()].filter((text) => !BRANCHES.some((branch) => branch.test(text)))
}
