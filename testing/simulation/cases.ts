/** Every case of the simulation under one number: first the enumerated ones, scenario by scenario, then random lives. */
import type { Campaign, Context } from './campaigns/campaign.js'
import { record } from './campaigns/campaign.js'
import { crashCampaign } from './campaigns/crashes.js'
import { damageCampaign } from './campaigns/damages.js'
import { nestedCampaign } from './campaigns/nested.js'
import { setbackCampaign } from './campaigns/setbacks.js'
import { describeSwarm, runSwarm } from './campaigns/swarm.js'
import { Violation } from './invariants.js'
import type { Scenario } from './scenario.js'
import { SCENARIOS, THOROUGH } from './scenarios.js'

interface Numbered {
  readonly campaign: Campaign
  readonly offset: number
}

export class Cases {
  /** Numbers below this are enumerated cases; all others are seeds of random lives. */
  readonly enumerated: number
  readonly #context: Context
  readonly #campaigns: readonly Numbered[]

  private constructor(context: Context, campaigns: readonly Campaign[]) {
    this.#context = context
    let offset = 0
    this.#campaigns = campaigns.map((campaign) => {
      const numbered = { campaign, offset }
      offset += campaign.count
      return numbered
    })
    this.enumerated = offset
  }

  static async open(context: Context, scenarios: readonly Scenario[] = SCENARIOS): Promise<Cases> {
    const campaigns: Campaign[] = []
    for (const scenario of scenarios) campaigns.push(...(await campaignsOf(context, scenario)))
    return new Cases(context, campaigns)
  }

  /** How many cases each campaign has, by its name. */
  get counts(): ReadonlyMap<string, number> {
    return new Map(this.#campaigns.map(({ campaign }) => [campaign.name, campaign.count]))
  }

  /** @throws Violation */
  async run(seed: number): Promise<void> {
    const found = this.#find(seed)
    if (found === undefined) return await runSwarm(this.#context, seed)
    await found.campaign.run(seed - found.offset)
  }

  describe(seed: number): string {
    const found = this.#find(seed)
    if (found === undefined) return `a random life: ${describeSwarm(seed)}`
    return `${found.campaign.name}: ${found.campaign.describe(seed - found.offset)}`
  }

  #find(seed: number): Numbered | undefined {
    return seed < this.enumerated ? this.#campaigns.findLast(({ offset }) => offset <= seed) : undefined
  }
}

async function campaignsOf(context: Context, scenario: Scenario): Promise<Campaign[]> {
  const script: Campaign = {
    name: `${scenario.name}: as written`,
    count: 1,
    describe: () => 'the scenario itself',
    run: async () => void (await record(context, scenario)),
  }
  try {
    const life = await record(context, scenario)
    const tearEveryByte = THOROUGH.get(scenario.name)
    const isThorough = tearEveryByte !== undefined
    return [
      script,
      crashCampaign(context, scenario, life, tearEveryByte),
      setbackCampaign(context, scenario, life),
      nestedCampaign(context, scenario, life),
      ...(isThorough ? [damageCampaign(context, scenario, life, 'atRest')] : []),
      ...(isThorough ? [damageCampaign(context, scenario, life, 'lagging')] : []),
    ].filter(({ count }) => count > 0)
  } catch (error) {
    // What cannot be lived through once has no crashes to enumerate: running the script shows why.
    if (error instanceof Violation) return [script]
    throw error
  }
}
