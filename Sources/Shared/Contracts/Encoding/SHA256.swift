internal import CLinux

/// SHA-256 (FIPS 180-4) over pieces.
package struct SHA256: Sendable {
    private var state = clinux_sha256()

    package init() {
        clinux_sha256_init(&state)
    }

    /// Appends `bytes` to the message.
    package mutating func update(_ bytes: some ContiguousBytesView) {
        bytes.withBytes { clinux_sha256_update(&state, $0.baseAddress, $0.count) }
    }

    /// The 32 bytes of the hash of everything so far. The value itself is not changed by it.
    package func finalize() -> [UInt8] {
        var copy = state
        return [UInt8](unsafeUninitializedCapacity: 32) { output, count in
            clinux_sha256_final(&copy, output.baseAddress)
            count = 32
        }
    }
}
