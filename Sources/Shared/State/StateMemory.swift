internal import CLinux

/// The only places where shared memory is stored to in an order that matters, and why.
///
/// A processor with a weak memory order (arm64) may make two stores visible in another order than the program's, and
/// may do the same with two loads. Three orders carry the protocol:
///
/// 1. slot and entry before the sequence word: else a reader sees the commit and then the old bytes;
/// 2. the sequence word before the blanking of the old slot: else a reader finds the old sequence and a blank slot, and
///    a writer killed there leaves neither the old nor the new content;
/// 3. a reader's load of the slot before its second look at the sequence word: else it misses that the slot changed.
///
/// On x86-64 none of the three generates an instruction, stores and loads keep their order there, so no test on such a
/// machine can notice that one is missing. Change nothing here without arm64's memory model at hand.
enum StateMemory {
    /// Eight spaces: what a blank slot is made of.
    static let spaces: UInt64 = 0x2020_2020_2020_2020

    /// Order 1. Call between the stores of slot and entry and the store of the sequence word.
    @inline(__always)
    static func beforeCommit() { clinux_fence_release() }

    /// Order 2. Call between the store of the sequence word and the first blanking store.
    @inline(__always)
    static func afterCommit() { clinux_fence_release() }

    /// Order 3. Call between copying the slot and the second look at the control line.
    @inline(__always)
    static func beforeSecondLook() { clinux_fence_acquire() }

    /// Loads the aligned eight bytes at `address`.
    @inline(__always)
    static func load(_ address: UnsafeMutableRawPointer) -> UInt64 { clinux_load_relaxed(address) }

    /// Stores the aligned eight bytes at `address` in one piece.
    @inline(__always)
    static func store(_ value: UInt64, at address: UnsafeMutableRawPointer) {
        StateHook.point()
        clinux_store_relaxed(address, value)
    }

    /// Copies `bytes` in aligned words, the last one filled up with spaces.
    ///
    /// - Returns: The bytes written, `bytes.count` rounded up to a multiple of 8.
    static func copy(_ bytes: [UInt8], to target: UnsafeMutableRawPointer) -> Int {
        bytes.withUnsafeBytes { source in
            let whole = source.count & ~7
            var offset = 0
            while offset < whole {
                store(source.loadUnaligned(fromByteOffset: offset, as: UInt64.self), at: target + offset)
                offset += 8
            }
            guard whole < source.count else { return whole }
            var last = spaces
            withUnsafeMutableBytes(of: &last) { $0.copyBytes(from: source[whole...]) }
            store(last, at: target + whole)
            return whole + 8
        }
    }

    /// Makes `[start, end)` blank; words that are blank already are only read, so that their pages stay clean.
    static func blank(_ base: UnsafeMutableRawPointer, from start: Int, to end: Int) {
        var offset = start
        while offset < end {
            if load(base + offset) != spaces { store(spaces, at: base + offset) }
            offset += 8
        }
    }
}
