/// What the fuzzing program calls.
package enum FuzzTargets {
    /// Bytes of a client, see ``RequestFuzzCase``.
    package static func request(_ input: [UInt8]) throws { try RequestFuzzCase.run(input) }

    /// Bytes of a section of the state, see ``StateFuzzCase``.
    package static func state(_ input: [UInt8]) throws { try StateFuzzCase.run(input) }
}
