/** Prefix mode: the power fails after every operation of a scenario, and everything not synced is lost in every way. */
import { Moments } from '../moments.js'
import type { Scenario } from '../scenario.js'
import type { Life } from '../life.js'
import { type Campaign, type Context, recover } from './campaign.js'

/** A scenario that is not taken thoroughly has its writes torn at every so many bytes, at others from write to write. */
const SAMPLE_EVERY_BYTE = 16

export function crashCampaign(
  context: Context,
  scenario: Scenario,
  life: Life,
  tearEveryByte = SAMPLE_EVERY_BYTE,
): Campaign {
  const moments = new Moments(life.recordings, tearEveryByte)
  return {
    name: `${scenario.name}: the power fails`,
    count: moments.count,
    describe: (k) => moments.state(k).place,
    run: async (k) => await recover(context, scenario, moments.state(k), k),
  }
}
