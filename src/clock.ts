/** What time it is, as far as Perdure needs to know: injected, so that tests and simulations decide. */
export type Clock = () => Date

export const systemClock: Clock = () => new Date()
