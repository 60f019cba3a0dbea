/** Types of unseal.mjs, for the tests that use it. */
export interface Bindable {
  readonly stream: string
  readonly id: string
  readonly type: string
  readonly version?: number
  readonly subject?: string
  readonly subjects?: Readonly<Record<string, string>>
}

export interface SealedPart {
  readonly at: string
  readonly key: string
  readonly nonce: string
  readonly box: string
}

export function boundTo(event: Bindable, log: string, part: Pick<SealedPart, 'at' | 'key'>): string
export function deriveKey(secret: Uint8Array, bound: string): Buffer
export function openPart(event: Bindable, log: string, part: SealedPart, secret: Uint8Array): string
export function openLine(line: string, log: string, secretOf: (key: string) => Uint8Array): unknown
