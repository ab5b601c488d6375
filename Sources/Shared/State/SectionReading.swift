internal import Glibc

/// Reads a section without a lock and without mapping it: control line, slot, control line again.
///
/// `pread` into private memory cannot raise SIGBUS, a truncated file is a short read, and a writer that is stopped half
/// way delays nobody: the active slot is complete until the next commit.
enum SectionReading {
    /// Attempts before a reader gives up for this time and keeps what it has.
    static let maximumAttempts = 64
    /// Attempts for an entry that is wrong although the sequence stood still.
    static let damagedAttempts = 4

    /// What one read found.
    enum Outcome: Equatable {
        /// The sequence is the one that the caller has already.
        case unchanged
        case content([UInt8], sequence: UInt32)
        /// A commit came in between at every attempt.
        case torn
        /// The words or the checksum are wrong while nobody writes.
        case damaged(reason: String)
        /// The file ends too early: somebody truncated it.
        case truncated
        case failed(SystemError)
    }

    /// Reads `section` of the file `descriptor`.
    ///
    /// - Parameter known: The sequence that the caller has: no slot is read if it is still the current one.
    static func read(
        _ section: StateSection,
        of descriptor: Int32,
        layout: StateLayout,
        known: UInt32?
    ) -> Outcome {
        var damaged = 0
        for _ in 0..<maximumAttempts {
            let outcome: Outcome
            do throws(SystemError) {
                outcome = try attempt(section, descriptor, layout, known)
            } catch {
                return .failed(error)
            }
            switch outcome {
            case .torn:
                continue
            case .damaged:
                damaged += 1
                if damaged == damagedAttempts { return outcome }
            case .unchanged, .content, .truncated, .failed:
                return outcome
            }
        }
        return .torn
    }

    private static func attempt(
        _ section: StateSection,
        _ descriptor: Int32,
        _ layout: StateLayout,
        _ known: UInt32?
    ) throws(SystemError) -> Outcome {
        let line = layout.control(section)
        let first = try bytes(descriptor, line, StateLayout.controlSize)
        guard first.count == StateLayout.controlSize else { return .truncated }
        guard let control = ControlLine(first) else {
            return .damaged(reason: "the control line of \(section.rawValue) has a word that is not hexadecimal")
        }
        if control.sequence == known { return .unchanged }
        let length = Int(control.entry.length)
        var content: [UInt8] = []
        StateHook.point()
        if length <= layout.capacity(section) {
            content = try bytes(descriptor, layout.slot(section, Int(control.sequence & 1)), length)
            guard content.count == length else { return .truncated }
        }
        StateHook.point()
        StateMemory.beforeSecondLook()
        let second = try bytes(descriptor, line, StateLayout.controlSize)
        guard let again = ControlLine(second), again.sequence == control.sequence else { return .torn }
        guard length <= layout.capacity(section) else {
            return .damaged(reason: "\(section.rawValue) claims \(length) bytes, more than its slot has")
        }
        guard SectionEntry(sequence: control.sequence, bytes: content) == control.entry else {
            return .damaged(reason: "the checksum of \(section.rawValue) does not fit its content")
        }
        return .content(content, sequence: control.sequence)
    }

    /// Up to `count` bytes at `offset`; fewer if the file ends before.
    static func bytes(_ descriptor: Int32, _ offset: Int, _ count: Int) throws(SystemError) -> [UInt8] {
        var failure: SystemError?
        let result = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            while initialized < count, let base = buffer.baseAddress {
                let got = pread(descriptor, base + initialized, count - initialized, off_t(offset + initialized))
                if got > 0 {
                    initialized += got
                } else if got == 0 {
                    return
                } else if errno != EINTR {
                    failure = SystemError(call: "pread", number: errno, subject: "state.json")
                    return
                }
            }
        }
        if let failure { throw failure }
        return result
    }
}
