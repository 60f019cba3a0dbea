/** A list of 32-bit numbers outside the JavaScript heap. */
export class GrowingArray {
  #values = new Uint32Array(16)
  #length = 0

  get length(): number {
    return this.#length
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new Uint32Array(this.#length * 2)
      larger.set(this.#values)
      this.#values = larger
    }
    this.#values[this.#length++] = value
  }

  at(i: number): number {
    return this.#values[i] as number
  }

  set(i: number, value: number): void {
    this.#values[i] = value
  }
}
