/** Addresses of entries, filled by an enumeration and read by its caller; reused. */
export class AddressBuffer {
  addresses: Uint32Array;
  count = 0;

  constructor(capacity: number) {
    this.addresses = new Uint32Array(capacity);
  }

  push(address: number): void {
    if (this.count === this.addresses.length) this.#grow();
    this.addresses[this.count++] = address;
  }

  #grow(): void {
    const grown = new Uint32Array(Math.max(16, this.addresses.length * 2));
    grown.set(this.addresses);
    this.addresses = grown;
  }
}
