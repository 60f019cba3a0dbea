/** Prefix mode: the power fails after every operation of a scenario, and everything not synced is lost in every way. */
import { Moments } from '../moments.js'
import type { Scenario } from '../scenario.js'
import type { Life } from '../life.js'
import { type Campaign, type Context, recover } from './campaign.js'

export function crashCampaign(context: Context, scenario: Scenario, life: Life): Campaign {
  const moments = new Moments(life.recordings)
  return {
    name: `${scenario.name}: the power fails`,
    count: moments.count,
    describe: (k) => moments.state(k).place,
    run: async (k) => await recover(context, scenario, moments.state(k), k),
  }
}
