internal import CLinux

/// SHA-1 (FIPS 180-4) over pieces: the broker's identity of contents, never for security.
package struct SHA1: Sendable {
    private var state = clinux_sha1()

    package init() {
        clinux_sha1_init(&state)
    }

    /// Appends `bytes` to the message.
    package mutating func update(_ bytes: some ContiguousBytesView) {
        bytes.withBytes { clinux_sha1_update(&state, $0.baseAddress, $0.count) }
    }

    /// The 20 bytes of the hash of everything so far. The value itself is not changed by it.
    package func finalize() -> [UInt8] {
        var copy = state
        return [UInt8](unsafeUninitializedCapacity: 20) { output, count in
            clinux_sha1_final(&copy, output.baseAddress)
            count = 20
        }
    }
}
