internal import CLinux
internal import Glibc

/// One section of a mapped state file, for the process that holds the section's lock.
package struct SectionMemory {
    let region: MappedRegion
    let layout: StateLayout
    let section: StateSection

    private var control: UnsafeMutableRawPointer { region.base + layout.control(section) }
    private var sequenceAddress: UnsafeMutableRawPointer { control + StateLayout.sequenceOffset }

    private func slot(_ sequence: UInt32) -> UnsafeMutableRawPointer {
        region.base + layout.slot(section, Int(sequence & 1))
    }

    private func entryAddress(_ sequence: UInt32) -> UnsafeMutableRawPointer {
        control + StateLayout.entryOffset + Int(sequence & 1) * StateLayout.entryStride
    }

    /// The sequence of the last commit, or `nil` if the word is damaged.
    var sequence: UInt32? { HexWord.decode(StateMemory.load(sequenceAddress)) }

    /// The entry of the active slot of `sequence`, or `nil` if it is damaged.
    func entry(_ sequence: UInt32) -> SectionEntry? {
        let address = entryAddress(sequence)
        guard let length = HexWord.decode(StateMemory.load(address)),
            let checksum = HexWord.decode(StateMemory.load(address + 8))
        else { return nil }
        return SectionEntry(length: length, checksum: checksum)
    }

    /// The content that was committed as `sequence` with `entry`, or `nil` if its checksum is wrong.
    func content(_ sequence: UInt32, _ entry: SectionEntry) -> [UInt8]? {
        guard Int(entry.length) <= layout.capacity(section) else { return nil }
        let bytes = [UInt8](UnsafeRawBufferPointer(start: slot(sequence), count: Int(entry.length)))
        return SectionEntry(sequence: sequence, bytes: bytes) == entry ? bytes : nil
    }

    /// Commits `bytes`: whoever is killed at any instruction of this leaves the old or the new content, nothing else.
    ///
    /// - Parameters:
    ///   - bytes: At most the section's capacity.
    ///   - former: The sequence of the owner's last commit, perhaps into a file that was replaced since; sequences
    ///     never go back as long as the owner lives.
    /// - Returns: The new sequence and its entry, or `nil` if the section's words are damaged.
    package func commit(_ bytes: [UInt8], after former: UInt32?) -> (sequence: UInt32, entry: SectionEntry)? {
        let capacity = layout.capacity(section)
        guard bytes.count <= capacity, let current = sequence else { return nil }
        let next = Self.successor(of: current, former: former)
        let target = slot(next)
        let entry = SectionEntry(sequence: next, bytes: bytes)
        let end = StateMemory.copy(bytes, to: target)
        // Blank already, unless somebody scribbled: then the file would not parse.
        StateMemory.blank(target, from: end, to: capacity)
        StateMemory.store(HexWord.encode(entry.length), at: entryAddress(next))
        StateMemory.store(HexWord.encode(entry.checksum), at: entryAddress(next) + 8)
        StateMemory.beforeCommit()
        StateMemory.store(HexWord.encode(next), at: sequenceAddress)
        StateMemory.afterCommit()
        StateMemory.blank(slot(next ^ 1), from: 0, to: capacity)
        Self.bumpChanges(region)
        wake()
        return (next, entry)
    }

    /// The number after `current` and, if the owner's last one was another, after that: the parity always changes, so
    /// that the slot that is active now is not the one written to.
    static func successor(of current: UInt32, former: UInt32?) -> UInt32 {
        guard let former, former != current else { return current &+ 1 }
        let next = former &+ 1
        return next & 1 == current & 1 ? next &+ 1 : next
    }

    /// Makes the inactive slot blank, where a killed writer may have left half a content, and wakes the readers, whom
    /// it may have left asleep. Does no harm at any time, as long as the caller holds the section's lock.
    func repair() {
        guard let current = sequence else { return }
        StateMemory.blank(slot(current ^ 1), from: 0, to: layout.capacity(section))
        Self.bumpChanges(region)
        wake()
    }

    /// Stores the supervisor's tick; no commit, no wake.
    func tick(_ seconds: UInt32) {
        guard section == .processes else { return }
        StateMemory.store(HexWord.encode(seconds), at: control + StateLayout.tickOffset)
    }

    /// Wakes everybody who waits for this section or for any change.
    func wake() {
        StateHook.point()
        clinux_futex_wake(sequenceAddress + 4, Int32.max)
        clinux_futex_wake(region.base + StateLayout.changesOffset, Int32.max)
    }

    /// Counts one change in the header. Several processes do this at once, hence compare-and-exchange.
    static func bumpChanges(_ region: MappedRegion) {
        StateHook.point()
        let address = region.base + StateLayout.changesOffset
        // The bound is for a word that somebody else keeps storing to; each failed attempt is another process's
        // success.
        for _ in 0..<10_000 {
            let word = clinux_load32_acquire(address)
            let value = HexWord.decode(word) ?? UInt16.max
            if clinux_compare_exchange32(address, word, HexWord.encode(value &+ 1)) { return }
        }
    }
}
